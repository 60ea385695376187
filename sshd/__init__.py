"""The SSH front and the zygote: what faces the network. It knows neither engine nor store.

Modules are imported by name: the zygote must not pay for asyncssh, nor the front for Textual.
"""
