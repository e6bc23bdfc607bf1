"""Endpoints that look: trunks, inbound routes, webhooks, calls; and the one that hangs up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from callgate.core.answers import EdgeFailed, EdgeSilent
from callgate.core.calls import Call
from callgate.core.reports import Progress
from callgate.dialects.yeastar.spelling import call_id_of, channel_of, extension_channel_of
from callgate.directory.model import InboundRoute, Trunk, Webhook

from .rig import Rig, client, yeastar_rig

TRUNKS = [
    Trunk("peer-to-41", ("112.48.19.183", "112.48.19.184"), number=27),
    Trunk("Account-for-34", ("192.0.2.0/24",), number=29),
    Trunk("hidden", ("198.51.100.1",), number=31),
]
ROUTES = [
    InboundRoute("exact", "sip:2002@192.0.2.9", did="2002", number=1),
    InboundRoute("prefix", "sip:192.0.2.9:5080", did="55*", trunks=("peer-to-41", "hidden"), number=2),
    InboundRoute("secret", "sip:1@192.0.2.9", trunks=("hidden",), number=3),
    InboundRoute("any", "sip:0@192.0.2.9", number=4),
]
SEEN = ("peer-to-41", "Account-for-34")


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Three trunks, of which "desk" may see two and decide one."""
    hooks = (Webhook("https://crm.example/hook", "Pugghh14VCb05rtG7WGumbD4hwJPIvzu", events=(30016,)),)
    clients = [client("desk", see=SEEN, decide=("peer-to-41",), webhooks=hooks), client("admin")]
    async with yeastar_rig(*TRUNKS, *ROUTES, *clients) as made:
        yield made


async def test_trunk_list_answers_as_documented_with_the_trunks_that_may_be_seen(rig: Rig) -> None:
    rig.control.ring(trunk="peer-to-41")
    reply = await rig.get("trunk/list?page=1&page_size=20&sort_by=id&order_by=asc", await rig.token())
    assert reply.json == {
        "errcode": 0,
        "errmsg": "SUCCESS",
        "total_number": 2,
        "data": [
            {
                "id": 27,
                "status": 2,
                "name": "peer-to-41",
                "type": "peer",
                "host_port": "112.48.19.183",
                "def_outbound_cid": "",
            },
            {
                "id": 29,
                "status": 1,
                "name": "Account-for-34",
                "type": "peer",
                "host_port": "192.0.2.0/24",
                "def_outbound_cid": "",
            },
        ],
    }


async def test_the_status_of_trunks_is_unknown_while_the_edge_is_not_linked(rig: Rig) -> None:
    rig.control.linked = False
    reply = await rig.get("trunk/list", await rig.token())
    assert [row["status"] for row in reply.json["data"]] == [0, 0]


@pytest.mark.parametrize(
    ("query", "total", "ids"),
    [
        ("", 3, [27, 29, 31]),
        ("page=2&page_size=2", 3, [31]),
        ("page=9&page_size=2", 3, []),
        ("order_by=desc", 3, [31, 29, 27]),
        ("sort_by=name", 3, [29, 31, 27]),
        ("sort_by=host_port&order_by=desc", 3, [31, 29, 27]),
        ("search_value=PEER", 1, [27]),
        ("search_value=192.0.2", 1, [29]),
        ("search_value=nothing", 0, []),
    ],
)
async def test_trunks_are_paged_sorted_and_searched(rig: Rig, query: str, total: int, ids: list[int]) -> None:
    reply = await rig.get(f"trunk/search?{query}", await rig.token("admin"))
    assert (reply.json["total_number"], [row["id"] for row in reply.json["data"]]) == (total, ids)


async def test_trunk_get_and_query_answer_for_the_ids_that_may_be_seen(rig: Rig) -> None:
    token = await rig.token()
    assert (await rig.get("trunk/get?id=29", token)).json["data"]["name"] == "Account-for-34"
    assert (await rig.get("trunk/get?id=31", token)).errcode == 60001
    assert [row["id"] for row in (await rig.get("trunk/query?ids=27,29,31", token)).json["data"]] == [27, 29]
    assert (await rig.get("trunk/query?ids=31", token)).errcode == 60001


@pytest.mark.parametrize(
    ("path", "invalid"),
    [
        ("trunk/list?page=0", {"field": "page", "value": "0"}),
        ("trunk/list?page_size=many", {"field": "page_size", "value": "many"}),
        ("trunk/list?page_size=100000", {"field": "page_size", "value": "100000"}),
        ("trunk/list?sort_by=colour", {"field": "sort_by", "value": "colour"}),
        ("inbound_route/list?order_by=up", {"field": "order_by", "value": "up"}),
        ("trunk/get", {"field": "id", "validation_type": "required"}),
        ("trunk/get?id=x", {"field": "id", "value": "x"}),
        ("trunk/query", {"field": "ids", "validation_type": "required"}),
        ("trunk/query?ids=8;12", {"field": "ids", "value": "8;12"}),
        ("call/query?type=strange", {"field": "type", "value": "strange"}),
    ],
)
async def test_a_wrong_parameter_is_named_with_its_value(rig: Rig, path: str, invalid: dict[str, str]) -> None:
    reply = await rig.get(path, await rig.token())
    assert (reply.status, reply.errcode) == (200, 40002)
    assert reply.json["invalid_param_list"] == [invalid]


async def test_inbound_route_list_shows_the_routes_of_trunks_that_may_be_seen(rig: Rig) -> None:
    reply = await rig.get("inbound_route/list?page_size=100&sort_by=pos&order_by=asc", await rig.token())
    assert (reply.json["total_number"], reply.json["last_pos"]) == (3, 3)
    assert [(row["id"], row["pos"]) for row in reply.json["data"]] == [(1, 1), (2, 2), (4, 3)]
    exact, prefix, _ = reply.json["data"]
    assert prefix == {
        "id": 2,
        "name": "prefix",
        "did_option": "patterns",
        "did_pattern_list": [{"did_pattern": "55!"}],
        "cid_option": "patterns",
        "cid_pattern_list": [],
        "trunk_list": [{"id": 27, "name": "peer-to-41"}],
        "def_dest": "sip_uri",
        "def_dest_value": "sip:192.0.2.9:5080",
        "pos": 2,
    }
    assert exact["did_pattern_list"] == [{"did_pattern": "2002"}]
    assert [trunk["id"] for trunk in exact["trunk_list"]] == [27, 29]


async def test_inbound_routes_follow_the_directory(rig: Rig) -> None:
    token = await rig.token("admin")
    assert (await rig.get("inbound_route/list", token)).json["total_number"] == 4
    rig.directory.put(InboundRoute("a new one", "sip:5@192.0.2.9", number=5))
    reply = await rig.get("inbound_route/list?sort_by=name", token)
    assert [row["name"] for row in reply.json["data"]] == ["a new one", "any", "exact", "prefix", "secret"]


async def test_webhook_query_shows_the_applications_own_webhooks(rig: Rig) -> None:
    reply = await rig.get("webhook/query", await rig.token())
    assert reply.json["data"] == {
        "enb_webhook_event_push": 1,
        "webhook_event_push_list": [
            {
                "url": "https://crm.example/hook",
                "secret": "Pugghh14VCb05rtG7WGumbD4hwJPIvzu",
                "request_method": "POST",
                "event_ids": [30016],
            }
        ],
        "webhook_event_push_timeout": 5,  # a whole number also on the wire
        "webhook_event_push_retry_count": 3,
        "webhook_event_ids": [30011, 30012, 30015, 30016],
    }
    assert b'"webhook_event_push_timeout":5,' in reply.raw
    other = await rig.get("webhook/query", await rig.token("admin"))
    assert (other.json["data"]["enb_webhook_event_push"], other.json["data"]["webhook_event_push_list"]) == (0, [])


async def test_call_query_finds_live_calls_by_each_of_its_three_keys(rig: Rig) -> None:
    token = await rig.token()
    held, talked = rig.control.ring(), rig.control.ring(trunk="Account-for-34", destination="sip:3003@192.0.2.9")
    await rig.control.pass_window(talked)
    rig.control.report(talked, Progress.ANSWERED, 200)
    reply = await rig.get(f"call/query?call_id={call_id_of(held)}", token)
    assert reply.json == {
        "errcode": 0,
        "errmsg": "SUCCESS",
        "data": [
            {
                "call_id": call_id_of(held),
                "members": [
                    {
                        "inbound": {
                            "from": "5503301",
                            "to": "2002",
                            "trunk_name": "peer-to-41",
                            "channel_id": channel_of(held),
                            "member_status": "ALERT",
                            "call_path": "",
                        }
                    }
                ],
            }
        ],
    }
    by_type = (await rig.get("call/query?type=inbound", token)).json["data"]
    assert [call["call_id"] for call in by_type] == [call_id_of(held), call_id_of(talked)]
    by_extension = (await rig.get("call/query?extension=3003", token)).json["data"]
    assert [call["members"][1]["extension"]["member_status"] for call in by_extension] == ["ANSWER"]


async def test_call_query_without_a_match_finds_no_data(rig: Rig) -> None:
    ended, hidden = rig.control.ring(), rig.control.ring(trunk="hidden")
    rig.control.report(ended, Progress.CANCELLED, 487)
    token = await rig.token()
    for query in (
        "type=inbound",
        "type=outbound",
        "type=internal",
        "extension=2002",
        f"call_id={call_id_of(ended)}",
        f"call_id={call_id_of(hidden)}",
        "call_id=nonsense",
    ):
        reply = await rig.get(f"call/query?{query}", token)
        assert (reply.errcode, reply.json["errmsg"]) == (60001, "DATA NOT FOUND"), query


async def test_call_query_wants_exactly_one_key(rig: Rig) -> None:
    token = await rig.token()
    reply = await rig.get("call/query", token)
    assert reply.errcode == 40002
    assert [param["field"] for param in reply.json["invalid_param_list"]] == ["call_id", "type", "extension"]
    reply = await rig.get("call/query?type=inbound&extension=2002", token)
    assert [param["field"] for param in reply.json["invalid_param_list"]] == ["type", "extension"]


@pytest.mark.parametrize("side", [channel_of, extension_channel_of])
async def test_hangup_ends_an_established_call_by_either_channel(rig: Rig, side: object) -> None:
    assert callable(side)
    call = rig.control.ring()
    await rig.control.pass_window(call)
    rig.control.report(call, Progress.ANSWERED, 200)
    reply = await rig.post("call/hangup", {"channel_id": side(call)}, await rig.token())
    assert reply.json == {"errcode": 0, "errmsg": "SUCCESS", "call_id": call_id_of(call)}
    assert call.ended is not None


async def test_hangup_of_a_held_call_refuses_it(rig: Rig) -> None:
    call = rig.control.ring()
    assert (await rig.post("call/hangup", {"channel_id": channel_of(call)}, await rig.token())).errcode == 0
    assert call.status == 603


async def test_hangup_needs_the_right_to_decide(rig: Rig) -> None:
    token = await rig.token()
    seen, hidden = rig.control.ring(trunk="Account-for-34"), rig.control.ring(trunk="hidden")
    assert (await rig.post("call/hangup", {"channel_id": channel_of(seen)}, token)).errcode == 10005
    assert (await rig.post("call/hangup", {"channel_id": channel_of(hidden)}, token)).errcode == 70130
    assert seen.ended is None and hidden.ended is None


async def test_hangup_of_a_call_that_is_over_finds_no_channel(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.report(call, Progress.CANCELLED, 487)
    reply = await rig.post("call/hangup", {"channel_id": channel_of(call)}, await rig.token())
    assert (reply.errcode, reply.json["submsg"]) == (70130, "the call is over already")


@pytest.mark.parametrize("answer", [EdgeFailed, EdgeSilent])
async def test_hangup_is_no_success_unless_the_edge_has_done_it(
    rig: Rig, answer: type[EdgeFailed] | type[EdgeSilent]
) -> None:
    call: Call = rig.control.ring()
    rig.control.hang_up_answer = answer
    reply = await rig.post("call/hangup", {"channel_id": channel_of(call)}, await rig.token())
    assert (reply.errcode, reply.json["errmsg"]) == (-1, "FAILURE")
    assert "edge" in reply.json["submsg"]
