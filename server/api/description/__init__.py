"""The wire as machines read it: OpenAPI of the HTTP door, AsyncAPI of the live ones.

Both are made from what the server itself uses: routes, message classes, the access table. What
cannot be read off the code (which resource answers what) is one table in ``resources``, and tests
hold real answers against it.
"""
