"""What ``callgate serve --demo`` tells: what is running, and the next three commands to type."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from callgate.cli.connection import own_url
from callgate.cli.demo.scene import NUMBER, client
from callgate.cli.ring import own_edge
from callgate.settings import Settings

_TELLING = """\

Callgate is running. Ctrl-C stops everything.

  edge         {edge:<34} SIP; calls from this machine are held for 10 s
  own API      {docs:<34} its key: {key}
  Yeastar API  {yeastar:<34} its client id and secret: below
  destination  {destination:<34} answers what is let through
  call log     {database}

Now type in another terminal, in this folder:

1. Ring. The call is held, and what its caller gets is printed:

{ring} &

2. Within 10 seconds, refuse it as the Yeastar manual does:

{refuse}

3. See the log:

{log}
"""

#: With curl and sed alone. The User-Agent is the manual's rule; curl has one of its own, which would do as well. The
#: token is given back, since a client may have no more than eight.
_REFUSE = """\
API={api}
JSON='Content-Type: application/json'
TOKEN=$(curl -s -A OpenAPI -H "$JSON" "$API/get_token" -d '{{"username":"{client_id}","password":"{secret}"}}' |
  sed -n 's/.*"access_token":"\\([^"]*\\)".*/\\1/p')
CHANNEL=$(curl -s -A OpenAPI "$API/call/query?type=inbound&access_token=$TOKEN" |
  sed -n 's/.*"channel_id":"\\([^"]*\\)".*/\\1/p')
curl -s -A OpenAPI -H "$JSON" -X POST "$API/call/refuse_inbound?access_token=$TOKEN" \\
  -d "{{\\"channel_id\\": \\"$CHANNEL\\"}}"; echo
curl -s -A OpenAPI -o /dev/null "$API/del_token?access_token=$TOKEN\""""


def story(settings: Settings, destination: str, file: Path | None) -> str:
    """The text; ``file`` is the settings file, if one was given."""
    url, certificate = own_url(settings)
    options = "" if file is None else f" --settings {shlex.quote(str(file))}"
    if file is None and url != own_url(Settings())[0]:
        options = f" --url {url}"
    api = f"{url}/openapi/v1.0"
    refuse = refusing(api)
    if certificate:
        refuse = refuse.replace("curl -s", f"curl -s --cacert {shlex.quote(certificate)}")
    return _TELLING.format(
        edge=" ".join(settings.edge.listen),
        docs=f"{url}/v1/docs",
        key=settings.state / "admin.key",
        yeastar=api,
        destination=destination,
        database="in the database of the settings" if settings.database else settings.state / "callgate.sqlite3",
        ring=indented(f"{program()} ring --to {NUMBER} --edge {own_edge(settings, 'udp')}"),
        refuse=indented(refuse),
        log=indented(f"{program()} log{options}"),
    )


def refusing(api: str) -> str:
    """The shell commands that refuse the call that is held, in the manual's own form."""
    known = client()
    return _REFUSE.format(api=api, client_id=known.client_id, secret=known.secret)


def program() -> str:
    """How this program is called here."""
    if shutil.which("callgate"):
        return "callgate"
    called = Path(sys.argv[0])
    if called.name != "callgate":
        return f"{shlex.quote(sys.executable)} -m callgate.cli"
    here = called.absolute()
    return shlex.quote(str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here))


def indented(text: str) -> str:
    return "\n".join(f"     {line}" for line in text.splitlines())
