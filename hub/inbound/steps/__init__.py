"""The nine steps of a request, one file each: identify, admit, guard, challenge, verify, read, event, accept, reply.

A step is a function of the value that the step before it made (`hub.inbound.stages`) and of what all steps work with
(`hub.inbound.parts`). It returns a new frozen value, or raises `RequestRefused`.
"""
