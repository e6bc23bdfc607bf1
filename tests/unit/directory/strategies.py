"""Entries and whole directories, as Hypothesis makes them: valid, and as odd as the rules allow."""

from __future__ import annotations

from hypothesis import strategies as st

from callgate.core.reasons import REASONS
from callgate.directory.check import check_directory, normal
from callgate.directory.model import (
    Account,
    Agent,
    ApiKey,
    Application,
    Bot,
    Client,
    Directory,
    Entry,
    InboundRoute,
    Phone,
    Queue,
    RcmlNumber,
    RcmlVoice,
    Trunk,
    Webhook,
)
from callgate.directory.secrets import SecretHasher, digest, ha1
from callgate.settings import DirectorySettings

#: Argon2 at the lowest cost there is: tests hash a lot.
CHEAP = DirectorySettings(hash_memory=8, hash_passes=1, hash_lanes=1)
HASHER = SecretHasher(CHEAP)

NAMES = st.text("abAB01_-", min_size=1, max_size=4)
DIDS = st.one_of(
    st.just("*"),
    st.text("0129#.-_aZ", min_size=1, max_size=4),
    st.text("012", max_size=3).map(lambda prefix: f"{prefix}*"),
)
LAPSES = st.sampled_from(["accept", *REASONS])
SOURCES = st.one_of(
    st.ip_addresses().map(str),
    st.tuples(st.ip_addresses(v=4), st.integers(8, 32)).map(lambda it: f"{_cut(int(it[0]), it[1])}/{it[1]}"),
)
DESTINATIONS = st.sampled_from(
    ["sip:127.0.0.1:5070", "sips:2002@pbx.example.com;transport=tls", "sip:[2001:db8::1]:5060", "sip:+44.x%20y@a.b"]
)
SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40)
GATEWAYS = st.sampled_from(["", "sip:192.0.2.20:5080", "sips:[2001:db8::2];transport=tls"])
URLS = st.sampled_from(["https://example.com/voice?a=b&c=%22", "http://user:pass:word@[::1]:8090", "http://u@a/@:x@"])
FRIENDLY_NAMES = st.sampled_from(["", 'A "quoted" name\\', "Zürich 📞"])
HASHES = st.sampled_from([HASHER.hash(f"secret {number}") for number in range(4)])


def _cut(address: int, length: int) -> str:
    """The network of that address, in IPv4's dotted form."""
    network = address >> (32 - length) << (32 - length)
    return ".".join(str(network >> shift & 255) for shift in (24, 16, 8, 0))


def trunks() -> st.SearchStrategy[Trunk]:
    return st.builds(
        Trunk,
        name=NAMES,
        sources=st.lists(SOURCES, min_size=1, max_size=3, unique=True).map(tuple),
        control=st.booleans(),
        refuse=st.sampled_from(sorted(REASONS)),
        lapse=LAPSES,
        number=st.just(0),
    )


def accounts() -> st.SearchStrategy[Account]:
    return st.builds(
        Account,
        name=NAMES,
        sid=_sids("AC"),
        token=SECRETS.map(lambda secret: secret + secret),
        friendly_name=FRIENDLY_NAMES,
        status=st.sampled_from(["active", "suspended"]),
        numbers=st.lists(DIDS, max_size=3, unique=True).map(tuple),
        destination=st.just("") | DESTINATIONS,
        outbound=GATEWAYS,
        sign=st.booleans(),
        created=st.just(0.0),
        updated=st.just(0.0),
    )


def applications(accounts: list[str]) -> st.SearchStrategy[Application]:
    return st.builds(
        Application,
        name=NAMES,
        account=st.sampled_from(accounts),
        sid=_sids("AP"),
        friendly_name=FRIENDLY_NAMES,
        voice=voices(URLS | st.just("")),
        created=st.just(0.0),
        updated=st.just(0.0),
    )


def voices(voice_urls: st.SearchStrategy[str]) -> st.SearchStrategy[RcmlVoice]:
    methods = st.sampled_from(["POST", "GET"])
    more = st.just("") | URLS
    return st.builds(
        RcmlVoice,
        voice_url=voice_urls,
        voice_method=methods,
        voice_fallback_url=more,
        voice_fallback_method=methods,
        status_callback=more,
        status_callback_method=methods,
    )


def numbers(accounts: list[str], applications: list[str]) -> st.SearchStrategy[RcmlNumber]:
    return st.builds(
        RcmlNumber,
        account=st.sampled_from(accounts),
        sid=_sids("PN"),
        application=st.sampled_from(["", *applications]),
        voice=voices(URLS),
        on_failure=st.sampled_from(["refuse", "lapse"]),
        friendly_name=FRIENDLY_NAMES,
        created=st.just(0.0),
        updated=st.just(0.0),
    )


def routes(
    names: list[str], rcml: st.SearchStrategy[RcmlNumber] | None = None, bots: list[str] | None = None
) -> st.SearchStrategy[InboundRoute]:
    plain = st.builds(
        InboundRoute,
        name=NAMES,
        destination=DESTINATIONS,
        did=DIDS,
        trunks=_some(names),
        window=st.floats(1, 60),
        lapse=st.none() | LAPSES,
        number=st.just(0),
        outbound=GATEWAYS,
        rcml=st.none() if rcml is None else st.none() | rcml,
        bots=_some(bots or []),
    )
    if bots:
        plain |= st.builds(
            InboundRoute,
            name=NAMES,
            destination=st.just("") | DESTINATIONS,
            did=DIDS,
            lapse=st.none() | st.sampled_from(sorted(REASONS)),
            number=st.just(0),
            outbound=GATEWAYS,
            bots=st.lists(st.sampled_from(bots), min_size=1, max_size=3, unique=True).map(tuple),
        )
    if rcml is None:
        return plain
    without_destination = st.builds(
        InboundRoute,
        name=NAMES,
        destination=st.just(""),
        did=DIDS,
        lapse=st.sampled_from(sorted(REASONS)),
        number=st.just(0),
        outbound=GATEWAYS,
        rcml=rcml,
    )
    return plain | without_destination


def phones(accounts: list[str]) -> st.SearchStrategy[Phone]:
    rest = {
        "name": st.text("abAB01_.+-", min_size=1, max_size=4),
        "ha1": SECRETS.map(lambda secret: ha1("somebody", secret)),
        "friendly_name": FRIENDLY_NAMES,
        "enabled": st.booleans(),
        "created": st.just(0.0),
        "updated": st.just(0.0),
    }
    alone = st.builds(Phone, **rest, account=st.just(""), sid=st.just(""))
    if not accounts:
        return alone
    return alone | st.builds(Phone, **rest, account=st.sampled_from(accounts), sid=_sids("CL"))


def bots() -> st.SearchStrategy[Bot]:
    return st.builds(
        Bot,
        name=NAMES,
        app_id=st.uuids().map(str),
        tenant=st.uuids().map(str),
        callback=st.sampled_from(["https://example.com/calls?a=b&c=%22", "http://[::1]:9"]),
        media=DESTINATIONS,
        display_name=FRIENDLY_NAMES,
        secret_hashes=st.lists(HASHES, min_size=1, max_size=2, unique=True).map(tuple),
        numbers=st.lists(DIDS, max_size=3, unique=True).map(tuple),
        redirects=st.lists(DIDS | st.just("[2001:db8::1]"), max_size=3, unique=True).map(tuple),
        enabled=st.booleans(),
    )


def inside_routes(queues: list[str], phones: list[str]) -> st.SearchStrategy[InboundRoute]:
    """Routes that lead to a queue or a phone; there is one of either at least."""
    leads = st.sampled_from([*(("queue", name) for name in queues), *(("phone", name) for name in phones)])
    return st.builds(
        lambda name, destination, did, trunks, lapse, lead: InboundRoute(
            name, destination, did, trunks, 60.0, lapse, **{lead[0]: lead[1]}
        ),
        NAMES,
        st.just("") | DESTINATIONS,
        DIDS,
        st.sampled_from([(), ("phones",)]),
        st.none() | st.sampled_from(sorted(REASONS)),
        leads,
    )


def queues() -> st.SearchStrategy[Queue]:
    return st.builds(
        Queue,
        name=NAMES,
        number=st.text("0129#._-aZ", min_size=1, max_size=4),
        priority=st.integers(-1000, 1000),
        length=st.integers(0, 100_000),
        wait=st.floats(1, 86_400),
        overflow=st.just("") | DESTINATIONS,
        refusal=st.sampled_from(sorted(REASONS)),
        ring=st.floats(1, 600),
        after_call_work=st.floats(0, 3600),
        missed=st.sampled_from(["not_ready", "ready"]),
        reject_pause=st.floats(0, 3600),
    )


def agents(phones: list[str], queues: list[str]) -> st.SearchStrategy[Agent]:
    rest = {
        "name": st.text("abAB01_.+@-", min_size=1, max_size=4),
        "secret_hash": HASHES,
        "id": st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}"),
        "first_name": FRIENDLY_NAMES,
        "last_name": FRIENDLY_NAMES,
        "queues": _some(queues),
        "features": st.sampled_from([(), ("api-voice",), ("api-voice", "api-agent-control")]),
        "enabled": st.booleans(),
    }
    addresses = st.text("0123", min_size=1, max_size=4).map(lambda number: f"sip:{number}@[2001:db8::3]:5070")
    outside = st.builds(Agent, **rest, phone=st.just(""), address=addresses)
    return outside | st.builds(Agent, **rest, phone=st.sampled_from(phones)) if phones else outside


def clients(names: list[str]) -> st.SearchStrategy[Client]:
    webhooks = st.lists(
        st.builds(
            Webhook,
            url=st.sampled_from([f"https://example.com/{path}?a=b&c=%22" for path in "abcde"]),
            secret=SECRETS,
            method=st.sampled_from(["POST", "GET"]),
            events=st.lists(st.integers(30000, 39999), max_size=3, unique=True).map(tuple),
        ),
        max_size=5,
        unique_by=lambda webhook: webhook.url,
    )
    return st.builds(
        Client,
        name=NAMES,
        client_id=st.text("abcXYZ019", min_size=8, max_size=8),
        secret_hash=HASHES,
        see=_some(["*", *names]),
        decide=_some(["*", *names]),
        webhooks=webhooks.map(tuple),
        webhook_timeout=st.floats(1, 30),
        webhook_retries=st.integers(0, 10),
    )


def keys() -> st.SearchStrategy[ApiKey]:
    return st.builds(
        ApiKey,
        name=NAMES,
        digest=st.integers().map(lambda seed: digest(str(seed))),
        scope=st.sampled_from(["read", "decide", "admin"]),
    )


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    """A directory that is right as a whole; what would clash is left out."""
    entries: list[Entry] = []
    for trunk in draw(st.lists(trunks(), max_size=4)):
        _take(entries, trunk)
    trunk_names = [entry.name for entry in entries]
    for account in draw(st.lists(accounts(), max_size=2)):
        _take(entries, account)
    owners = [entry.name for entry in entries if isinstance(entry, Account)]
    bindings = None
    if owners:
        for application in draw(st.lists(applications(owners), max_size=3)):
            _take(entries, application)
        bindings = numbers(owners, [entry.name for entry in entries if isinstance(entry, Application)])
    for bot in draw(st.lists(bots(), max_size=2)):
        _take(entries, bot)
    others: list[st.SearchStrategy[Entry]] = [
        routes(trunk_names, bindings, [entry.name for entry in entries if isinstance(entry, Bot)]),
        phones(owners),
        queues(),
        clients(trunk_names),
        keys(),
    ]
    for more in others:
        for entry in draw(st.lists(more, max_size=6)):
            _take(entries, entry)
    logins = [entry.name for entry in entries if isinstance(entry, Phone)]
    served = [entry.name for entry in entries if isinstance(entry, Queue)]
    for agent in draw(st.lists(agents(logins, served), max_size=4)):
        _take(entries, agent)
    if logins or served:
        for route in draw(st.lists(inside_routes(served, logins), max_size=3)):
            _take(entries, route)
    return Directory.of(entries)


def _sids(prefix: str) -> st.SearchStrategy[str]:
    return st.integers(0, 2**128 - 1).map(lambda number: f"{prefix}{number:032x}")


def _take(entries: list[Entry], entry: Entry) -> None:
    taken = any(type(other) is type(entry) and other.name == entry.name for other in entries)
    if not taken and not check_directory(Directory.of([*entries, normal(entry)])):
        entries.append(normal(entry))


def _some(names: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    if not names:
        return st.just(())
    return st.lists(st.sampled_from(names), max_size=3, unique=True).map(tuple)
