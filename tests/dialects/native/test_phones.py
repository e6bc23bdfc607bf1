"""Who is registered, and where, over ``/v1``."""

from __future__ import annotations

from callgate.directory.model import Phone
from tests.unit.directory.queue_entries import PHONE

from .rig import Rig, problem

STATUS = Phone("status", PHONE.ha1)
NOT_REGISTERED = {"registered": False, "contacts": 0, "source": None}


async def test_where_a_phone_is_registered_is_told_until_it_leaves(rig: Rig) -> None:
    await rig.directory.apply([PHONE])
    async with rig.as_("read") as http:
        assert (await http.get("/v1/phones/5001/status")).json() == {"name": "5001", **NOT_REGISTERED}
        rig.control.registers("5001", 2, "192.0.2.50:5062")
        assert (await http.get("/v1/phones/5001/status")).json() == {
            "name": "5001",
            "registered": True,
            "contacts": 2,
            "source": "192.0.2.50:5062",
        }
        rig.control.registers("5001", 0)
        assert (await http.get("/v1/phones/5001/status")).json() == {"name": "5001", **NOT_REGISTERED}


async def test_the_status_of_a_phone_that_the_directory_has_not_is_unknown(rig: Rig) -> None:
    rig.control.registers("removed")
    refused = problem(await rig.http.get("/v1/phones/removed/status"), 404, "unknown-entry")
    assert refused["detail"] == problem(await rig.http.get("/v1/phones/removed"), 404, "unknown-entry")["detail"]
    assert (await rig.http.get("/v1/status/phones")).json() == {"items": [], "next": None}


async def test_all_phones_are_told_by_name_and_in_pages(rig: Rig) -> None:
    await rig.directory.apply([STATUS, Phone("al.ice", PHONE.ha1), PHONE])
    rig.control.registers("al.ice", 1, "[2001:db8::5]:5060")
    async with rig.as_("read") as http:
        first = (await http.get("/v1/status/phones?limit=2")).json()
        assert first == {
            "items": [
                {"name": "5001", **NOT_REGISTERED},
                {"name": "al.ice", "registered": True, "contacts": 1, "source": "[2001:db8::5]:5060"},
            ],
            "next": "al.ice",
        }
        rest = (await http.get(f"/v1/status/phones?limit=2&cursor={first['next']}")).json()
        assert rest == {"items": [{"name": "status", **NOT_REGISTERED}], "next": None}
        problem(await http.get("/v1/status/phones?limit=0"), 422, "invalid-request")


async def test_a_phone_may_be_called_status(rig: Rig) -> None:
    await rig.directory.apply([STATUS])
    assert (await rig.http.get("/v1/phones/status")).json()["name"] == "status"
    assert (await rig.http.get("/v1/phones/status/status")).json() == {"name": "status", **NOT_REGISTERED}
