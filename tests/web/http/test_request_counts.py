"""Classes of addresses and of statuses, as the metrics count them."""

import pytest

from petition.core import counted
from petition.web.http.request_counts import route_class, status_class
from petition.web.routes import routes


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "pages"),
        ("/pl/", "pages"),
        ("/pl/privacy", "pages"),
        ("/tally.json", "pages"),
        ("/pl/sign", "sign"),
        ("/pl/confirm/abc", "confirm"),
        ("/pl/manage", "manage"),
        ("/pl/manage/abc", "manage"),
        ("/pl/unsubscribe/abc", "manage"),
        ("/pl/never-write/abc", "manage"),
        ("/organisers/", "desk"),
        ("/organisers/sign", "desk"),
        ("/healthz", "operations"),
        ("/metrics", "operations"),
        ("", "pages"),
        ("//sign", "sign"),
        ("\x00/\udcff", "pages"),
    ],
)
def test_classes_of_addresses(path: str, route: str) -> None:
    assert route_class(path) == route


def test_each_address_of_the_site_has_a_class() -> None:
    paths = [getattr(route, "path", "") for route in routes(demo=True)]
    assert len(paths) > 100
    assert {route_class(path) for path in paths} == set(counted.ROUTES)


def test_each_status_has_a_class() -> None:
    assert {status_class(status) for status in range(200, 600)} == set(counted.STATUSES)
    assert [status_class(status) for status in (204, 304, 404, 429, 500, 502, 503)] == [
        *("2xx", "3xx", "4xx", "429", "500", "500", "503")
    ]


def test_each_status_code_of_a_refusal_has_a_class() -> None:
    codes = ["5.1.1", "5.7.26", "5.0.0", "4.2.2", "", "5.10.1"]
    assert [counted.refusal(code) for code in codes] == ["5.1", "5.7", "5.0", "other", "other", "5.1"]
