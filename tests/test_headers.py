"""What every answer says to the browser about itself."""

import pytest

ADDRESSES = ["/", "/privacy", "/health", "/livez", "/nowhere", "/admin/login/"]
# Their addresses are secrets in themselves, which no other site may be told.
SECRET = ["/reg_setup/x", "/reg_setup/x/status", "/resume/x", "/return/x", "/place/x"]


@pytest.mark.parametrize("address", ADDRESSES + SECRET)
def test_every_answer_carries_the_headers(client, db, address):
    answer = client.get(address)
    assert answer.status_code < 500
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == ("no-referrer" if address in SECRET else "same-origin")
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = answer["Content-Security-Policy"]
    for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe-inline" not in policy
    assert "X-Powered-By" not in answer


def test_in_production_browsers_are_told_to_stay_on_https(client, db, settings):
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # The middleware reads its settings when it is made: a new client makes a new one.
    answer = type(client)().get("/", headers={"X-Forwarded-Proto": "https"})
    assert answer["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")
