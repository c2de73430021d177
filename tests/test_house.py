"""The fixtures themselves: nothing of a test leaks out of it."""

from datetime import timedelta

from integrations import clock


def test_without_the_sandbox_every_service_is_behind_a_closed_door(settings):
    urls = [settings.AIRTABLE_URL, settings.GOCARDLESS_URL, settings.TWILIO_URL]
    assert all(url.startswith("http://127.0.0.1:9") for url in [*urls, settings.GOOGLE_PLACES_URL])


def test_the_sandbox_takes_the_place_of_every_service(sandbox, settings):
    assert settings.GOCARDLESS_URL == sandbox.url
    assert settings.AIRTABLE_URL == f"{sandbox.url}/airtable"


def test_a_moved_clock_is_this_tests_own(move_clock):
    assert clock.offset() == timedelta()
    move_clock(timedelta(days=2))
    move_clock(timedelta(hours=1))
    assert clock.offset() == timedelta(days=2, hours=1)
