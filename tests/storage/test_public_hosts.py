from __future__ import annotations

import pytest

from airflow_provider_runway.storage.public_hosts import is_public, resolve


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1", "2002:808:808::", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


PRIVATE = (
    *("127.0.0.1", "10.0.0.7", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.7"),
    *("2002:7f00:1::", "64:ff9b::7f00:1", "no address"),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_any_other_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost.", "LOCALHOST"])
def test_a_host_is_read_as_the_system_reads_it(host: str) -> None:
    assert "127.0.0.1" in resolve(host, 80)


@pytest.mark.parametrize("host", ["a..b", f"{'x' * 64}.example"])
def test_a_name_that_is_none_is_no_host(host: str) -> None:
    with pytest.raises(OSError, match=r"."):
        resolve(host, 80)
