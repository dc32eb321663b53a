"""Peers played from their documentation by somebody who has not read the clients.

Each fake names its faults in `FAULTS`. A client is right when, under each of them, it ends with an
error of its own or with the true result, and the fake's record shows nothing done twice.
"""
