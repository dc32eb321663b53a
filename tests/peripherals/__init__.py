"""Virtual Bluetooth sensors: independent peers for the client, on a real Bluetooth stack.

Nothing here may import `rehabctl`: see docs/adr, 'Fakes are written independently'.
"""
