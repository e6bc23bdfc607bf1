"""Microsoft Graph cloud communications: a bot answers, rejects, redirects or ends a call.

Sources: Microsoft's reference of the call resource and its actions, of its notifications and of its token endpoint;
docs/graph.md tells what is done, and what was decided where they are silent.
"""
