"""SIP trunks and inbound routes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callgate.dialects.native import paths, wire, wire_directory
from callgate.dialects.native.operations import NoQuery, Reply, Request
from callgate.dialects.native.routes.bindings import binding_changed, binding_made, binding_shown
from callgate.dialects.native.routes.entries import Edited, Entries, changes_of, storing
from callgate.dialects.native.wire_rcml import BindingPatch
from callgate.directory.model import Directory, InboundRoute, Trunk, window_or_default


class Trunks(Entries[Trunk, wire_directory.Trunk, wire_directory.Trunk, wire_directory.TrunkPatch]):
    """The trunks; *Control Inbound Call* is switched with a PATCH of ``control``."""

    kind = "trunk"
    tag = "Trunks"
    read_scope = "read"
    paths = (paths.TRUNKS, paths.TRUNK)
    shown = written = wire_directory.Trunk
    page = wire.Page[wire_directory.Trunk]
    patch = wire_directory.TrunkPatch
    example = wire_directory.Trunk("main", ["192.0.2.10", "198.51.100.0/24"], refuse="busy")
    patch_example = wire_directory.TrunkPatch(control=False)

    def entries(self, directory: Directory) -> Mapping[str, Trunk]:
        return directory.trunks

    def show(self, edited: Edited[Trunk]) -> wire_directory.Trunk:
        trunk = edited.entry
        return wire_directory.Trunk(
            trunk.name, list(trunk.sources), trunk.control, trunk.refuse, trunk.lapse, trunk.number
        )

    async def make(self, written: wire_directory.Trunk, former: Trunk | None) -> Edited[Trunk]:
        return Edited(Trunk(**changes_of(written)))

    async def change(self, entry: Trunk, patch: wire_directory.TrunkPatch) -> Edited[Trunk]:
        return Edited(msgspec.structs.replace(entry, **changes_of(patch)))

    async def update(self, request: Request[NoQuery, wire_directory.TrunkPatch]) -> Reply:
        """A switch of control alone is one step, whatever else is being changed."""
        changes = changes_of(request.body)
        if set(changes) == {"control"}:
            trunk = await storing(self._directory.set_control(request.parameters["name"], changes["control"]))
            return self._shown(Edited(trunk))
        return await super().update(request)


class Routes(Entries[InboundRoute, wire_directory.Route, wire_directory.Route, wire_directory.RoutePatch]):
    """The inbound routes."""

    kind = "route"
    tag = "Inbound routes"
    read_scope = "read"
    paths = (paths.ROUTES, paths.ROUTE)
    shown = written = wire_directory.Route
    page = wire.Page[wire_directory.Route]
    patch = wire_directory.RoutePatch
    example = wire_directory.Route(
        "sales", "sip:pbx.example.com", did="2002", trunks=["main"], window=10.0, lapse="accept"
    )
    patch_example = wire_directory.RoutePatch(window=15.0)

    def entries(self, directory: Directory) -> Mapping[str, InboundRoute]:
        return directory.routes

    def show(self, edited: Edited[InboundRoute]) -> wire_directory.Route:
        route = edited.entry
        return wire_directory.Route(
            route.name,
            route.destination,
            route.did,
            list(route.trunks),
            route.window,
            route.lapse,
            route.number,
            route.outbound,
            binding_shown(route.rcml),
            list(route.bots),
            route.queue,
            route.phone,
        )

    async def make(self, written: wire_directory.Route, former: InboundRoute | None) -> Edited[InboundRoute]:
        changes = changes_of(written)
        changes["window"] = window_or_default(written.window, written.bots, written.queue or written.phone)
        if written.rcml is not None:
            changes["rcml"] = binding_made(written.rcml, former.rcml if former else None)
        return Edited(InboundRoute(**changes))

    async def change(self, entry: InboundRoute, patch: wire_directory.RoutePatch) -> Edited[InboundRoute]:
        changes = changes_of(patch)
        if isinstance(patch.rcml, BindingPatch):
            changes["rcml"] = binding_changed(patch.rcml, entry.rcml)
        if "window" in changes:
            inside = changes.get("queue", entry.queue) or changes.get("phone", entry.phone)
            changes["window"] = window_or_default(changes["window"], changes.get("bots", entry.bots), inside)
        return Edited(msgspec.structs.replace(entry, **changes))
