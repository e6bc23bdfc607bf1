"""The Yeastar P-Series OpenAPI: base ``/openapi/v1.0``, as an unmodified client of it expects.

A call arrives: event 30016 goes to every application that may see the trunk (``subscribe``, ``webhooks``). One of them
posts ``call/accept_inbound`` or ``call/refuse_inbound`` (``decide``), and gets its reply when the edge has carried it
out. What is documented nowhere, and was decided here, is listed in ``docs/yeastar.md``.
"""
