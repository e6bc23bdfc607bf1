"""Bots, and the routes that name them, edited over ``/v1``."""

from __future__ import annotations

from typing import Any

from callgate.directory.forms import is_uuid
from tests.unit.directory.bot_entries import APP_ID, TENANT, certificate, private_key

from .rig import Rig, problem

BOT = {"name": "greeter", "callback": "https://bot.example.com/callbacks", "media": "sip:192.0.2.30"}
FULL = {
    **BOT,
    "app_id": APP_ID,
    "tenant": TENANT,
    "display_name": "Greeter",
    "certificates": [certificate()],
    "numbers": ["4420*"],
    "redirects": ["pbx.example.com"],
    "enabled": False,
}
ROUTE = {"name": "desk", "did": "7*", "bots": ["greeter"]}


async def get(rig: Rig, path: str) -> dict[str, Any]:
    found: dict[str, Any] = (await rig.http.get(f"/v1/{path}")).json()
    return found


def verified(rig: Rig, secret: str) -> list[bool]:
    """Which of the bot's hashes are this secret's."""
    bot = rig.directory.current.bots["greeter"]
    return [rig.directory.hasher.verify(one, secret) for one in bot.secret_hashes]


async def test_a_bot_is_created_read_replaced_changed_and_removed(rig: Rig) -> None:
    made = await rig.post("/v1/bots", FULL)
    assert made.status_code == 201
    assert made.json() == {**FULL, "secrets": 0}
    assert await get(rig, "bots/greeter") == made.json()
    assert (await get(rig, "bots"))["items"] == [made.json()]
    problem(await rig.post("/v1/bots", FULL), 409, "name-taken")
    patched = await rig.http.patch("/v1/bots/greeter", json={"enabled": True, "numbers": []})
    assert patched.json() == {**made.json(), "enabled": True, "numbers": []}
    replaced = await rig.http.put(
        "/v1/bots/greeter", json={**BOT, "certificates": [certificate() + certificate(number=2)]}
    )
    assert replaced.json() == {
        **BOT,
        **{key: FULL[key] for key in ("app_id", "tenant")},
        "display_name": "",
        "secrets": 0,
        "certificates": [certificate(), certificate(number=2)],
        "numbers": ["*"],
        "redirects": ["*"],
        "enabled": True,
    }
    assert (await rig.http.delete("/v1/bots/greeter")).status_code == 204
    problem(await rig.http.get("/v1/bots/greeter"), 404, "unknown-entry")


async def test_ids_and_a_secret_are_made_and_the_secret_is_told_once(rig: Rig) -> None:
    made = (await rig.post("/v1/bots", BOT)).json()
    assert is_uuid(made["app_id"]) and is_uuid(made["tenant"])
    assert (made["secrets"], verified(rig, made["secret"])) == (1, [True])
    for response in (
        await rig.http.get("/v1/bots/greeter"),
        await rig.http.get("/v1/bots"),
        await rig.http.put("/v1/bots/greeter", json=BOT),
        await rig.http.patch("/v1/bots/greeter", json={}),
        await rig.http.get("/v1/directory"),
    ):
        assert response.status_code == 200
        assert made["secret"] not in response.text
    assert (await get(rig, "bots/greeter"))["app_id"] == made["app_id"]


async def test_a_new_secret_leaves_the_last_one_good_and_no_other(rig: Rig) -> None:
    first = (await rig.post("/v1/bots", BOT)).json()["secret"]
    second = (await rig.post("/v1/bots/greeter/secret")).json()
    assert (second["secrets"], verified(rig, second["secret"]), verified(rig, first)) == (
        2,
        [True, False],
        [False, True],
    )
    third = (await rig.post("/v1/bots/greeter/secret", {})).json()["secret"]
    assert (verified(rig, third), verified(rig, second["secret"]), verified(rig, first)) == (
        [True, False],
        [False, True],
        [False, False],
    )
    only = (await rig.post("/v1/bots/greeter/secret", {"keep": False})).json()
    assert (only["secrets"], verified(rig, only["secret"])) == (1, [True])
    problem(await rig.post("/v1/bots/none/secret"), 404, "unknown-entry")
    problem(await rig.post("/v1/bots/greeter/secret", {"only": True}), 422, "invalid-request")


async def test_a_secret_that_a_request_brings_is_the_only_one_and_not_sent_back(rig: Rig) -> None:
    await rig.post("/v1/bots", {**BOT, "secret": "made-by-a-person"})
    assert verified(rig, "made-by-a-person") == [True]
    await rig.post("/v1/bots/greeter/secret")
    patched = await rig.http.patch("/v1/bots/greeter", json={"secret": "another-persons"})
    assert "another-persons" not in patched.text
    assert verified(rig, "another-persons") == [True]
    refused = await rig.http.patch("/v1/bots/greeter", json={"secret": "short"})
    assert problem(refused, 422, "invalid-request")["errors"][0]["field"] == "$.secret"


async def test_what_is_no_certificate_is_refused_and_not_repeated(rig: Rig) -> None:
    key = private_key()
    refused = await rig.post("/v1/bots", {**BOT, "certificates": [certificate(), key]})
    assert problem(refused, 422, "invalid-request")["errors"][0]["field"] == "$.certificates[1]"
    assert key.splitlines()[1] not in refused.text
    await rig.post("/v1/bots", {**BOT, "certificates": [certificate()]})
    last = await rig.http.patch("/v1/bots/greeter", json={"certificates": []})
    assert problem(last, 422, "invalid-request")["errors"][0]["field"] == "$.secret"


async def test_only_an_admin_sees_bots(rig: Rig) -> None:
    async with rig.as_("decide") as http:
        problem(await http.get("/v1/bots"), 403, "forbidden")


async def test_a_route_with_bots_has_graphs_window_and_needs_no_destination(rig: Rig) -> None:
    await rig.post("/v1/bots", BOT)
    made = (await rig.post("/v1/routes", ROUTE)).json()
    assert (made["window"], made["lapse"], made["bots"], made["destination"]) == (15.0, None, ["greeter"], "")
    problem(await rig.http.delete("/v1/bots/greeter"), 409, "entry-in-use")
    own = (await rig.http.put("/v1/routes/desk", json={**ROUTE, "window": 3})).json()
    assert own["window"] == 3.0
    assert (await rig.http.patch("/v1/routes/desk", json={"window": None})).json()["window"] == 15.0
    gone: dict[str, Any] = {"bots": [], "destination": "sip:pbx.example.com", "window": None}
    assert (await rig.http.patch("/v1/routes/desk", json=gone)).json() == {**own, **gone, "window": 10.0}
    nameless = await rig.http.patch("/v1/routes/desk", json={"bots": ["nobody"]})
    assert problem(nameless, 422, "invalid-request")["errors"][0]["field"] == "$.bots[0]"
