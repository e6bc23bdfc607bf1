"""The domain: calls, verdicts, reasons and the gate.

Nothing here does I/O, knows a framework or reads a clock: inputs go in with the time they happened at,
answers and events come out. Times are Unix seconds as ``float``, durations are seconds.
"""
