"""The names by which AWS's runtime client for Python is known, over `lapwing_runtime`.

Agents look for them and put something of their own in their place: `handle_event_request`,
`_get_handler`, `LambdaRuntimeClient` and its methods, `LambdaRuntimeClient.marshaller`. What is
named here is what runs, so what they put there runs too.
"""

# Of the client whose interface this is: arguments have its order.
__version__ = "4.2.2"
