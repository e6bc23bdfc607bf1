"""The monitoring paths need a key only where a setting says so."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from callgate.settings import NativeSettings, Settings

from .rig import problem, serving


@pytest.mark.parametrize("open_", [True, False])
async def test_monitoring_needs_no_key_unless_the_setting_says_so(tmp_path: Path, open_: bool) -> None:
    settings = msgspec.structs.replace(Settings(), native=NativeSettings(open_monitoring=open_))
    async with serving(tmp_path, settings) as rig, rig.as_(None) as nobody, rig.as_("read") as reader:
        for path in ("/healthz", "/readyz", "/metrics"):
            response = await nobody.get(path)
            if open_:
                assert response.status_code == 200
            else:
                problem(response, 401, "unauthorized")
            assert (await reader.get(path)).status_code == 200
