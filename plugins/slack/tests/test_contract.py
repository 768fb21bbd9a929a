"""The rules that every vendor keeps."""

from __future__ import annotations

from hub.testing import VendorContract
from hub_slack import vendor


class TestContract(VendorContract):
    vendor = vendor
