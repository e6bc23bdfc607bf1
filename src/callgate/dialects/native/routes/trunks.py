"""SIP trunks and inbound routes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callgate.dialects.native import paths, wire
from callgate.dialects.native.operations import NoQuery, Reply, Request
from callgate.dialects.native.routes.entries import Edited, Entries, changes_of, storing
from callgate.directory.model import Directory, InboundRoute, Trunk


class Trunks(Entries[Trunk, wire.Trunk, wire.Trunk, wire.TrunkPatch]):
    """The trunks; *Control Inbound Call* is switched with a PATCH of ``control``."""

    kind = "trunk"
    tag = "Trunks"
    read_scope = "read"
    paths = (paths.TRUNKS, paths.TRUNK)
    shown = written = wire.Trunk
    page = wire.Page[wire.Trunk]
    patch = wire.TrunkPatch
    example = wire.Trunk("main", ["192.0.2.10", "198.51.100.0/24"], refuse="busy")
    patch_example = wire.TrunkPatch(control=False)

    def entries(self, directory: Directory) -> Mapping[str, Trunk]:
        return directory.trunks

    def show(self, edited: Edited[Trunk]) -> wire.Trunk:
        trunk = edited.entry
        return wire.Trunk(trunk.name, list(trunk.sources), trunk.control, trunk.refuse, trunk.lapse, trunk.number)

    async def make(self, written: wire.Trunk, former: Trunk | None) -> Edited[Trunk]:
        return Edited(Trunk(**changes_of(written)))

    async def change(self, entry: Trunk, patch: wire.TrunkPatch) -> Edited[Trunk]:
        return Edited(msgspec.structs.replace(entry, **changes_of(patch)))

    async def update(self, request: Request[NoQuery, wire.TrunkPatch]) -> Reply:
        """A switch of control alone is one step, whatever else is being changed."""
        changes = changes_of(request.body)
        if set(changes) == {"control"}:
            trunk = await storing(self._directory.set_control(request.parameters["name"], changes["control"]))
            return self._shown(Edited(trunk))
        return await super().update(request)


class Routes(Entries[InboundRoute, wire.Route, wire.Route, wire.RoutePatch]):
    """The inbound routes."""

    kind = "route"
    tag = "Inbound routes"
    read_scope = "read"
    paths = (paths.ROUTES, paths.ROUTE)
    shown = written = wire.Route
    page = wire.Page[wire.Route]
    patch = wire.RoutePatch
    example = wire.Route("sales", "sip:pbx.example.com", did="2002", trunks=["main"], window=10.0, lapse="accept")
    patch_example = wire.RoutePatch(window=15.0)

    def entries(self, directory: Directory) -> Mapping[str, InboundRoute]:
        return directory.routes

    def show(self, edited: Edited[InboundRoute]) -> wire.Route:
        route = edited.entry
        return wire.Route(
            route.name, route.destination, route.did, list(route.trunks), route.window, route.lapse, route.number
        )

    async def make(self, written: wire.Route, former: InboundRoute | None) -> Edited[InboundRoute]:
        return Edited(InboundRoute(**changes_of(written)))

    async def change(self, entry: InboundRoute, patch: wire.RoutePatch) -> Edited[InboundRoute]:
        return Edited(msgspec.structs.replace(entry, **changes_of(patch)))
