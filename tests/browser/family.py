"""A parent at the page: what they answer, by the question's name, and how they answer it."""

from pathlib import Path

from playwright.sync_api import Page, expect

CODE = "200-lions-u10-2627"
PATIENCE = 60_000  # milliseconds: a deadline, not a wait
DATES = {"child_dob": ("14", "5", "2017"), "parent_dob": ("4", "7", "1984")}
ANSWERS = {
    "code": CODE,
    "parent_name": "Anna Ashworth",
    "child_name": "Sam Ashworth",
    "gender": "Boy",
    "medical": "Asthma, he uses an inhaler",
    "medical_follow_up": "The blue inhaler is in his kit bag",
    "medical_consent": "Yes",
    "played_last_season": "No",
    "previous_team": "No",
    "relationship": "Mum",
    "parent_mobile": "07700 900801",
    "parent_email": "anna@example.org",
    "comms_consent": "Yes",
    "parent_postcode": "M41 0AA",
    "parent_house": "12",
    "parent_address": "12 Sandpiper Road, Urmston, M41 0AA",
    "parent_address_ok": "Yes",
    "same_address": "Yes",
    "photo_use": "Only the squad list",
    "second_contact": "Skip",
    "confirmed": "Yes",
    "payment_day": "15",
    "sms_received": "Yes",
    "kit_size": "9/10",
    "shirt_number": "7",
}


class Family:
    """Answers questions until one of a given name stands on the page."""

    def __init__(self, page: Page, **answers: str) -> None:
        self.page = page
        self.answers = ANSWERS | answers

    @property
    def question(self) -> str:
        """The name of the question that stands now."""
        return self.page.locator("#ask input[name=answering]").first.input_value()

    def until(self, question: str, *, each=lambda name: None) -> None:
        """Answer everything up to `question`; `each` is told every question on the way."""
        for _ in range(60):
            name = self.question
            each(name)
            if name == question:
                return
            self.answer(name)
        raise AssertionError(f"{question} never came; last asked: {self.question}")

    def answer(self, name: str) -> None:
        """Answer the question `name`, and wait for the next one."""
        self.give(name)
        self.moved_on(name)

    def moved_on(self, name: str) -> None:
        """Wait until another question stands."""
        standing = self.page.locator(f"#ask input[name=answering][value={name}]")
        expect(standing).to_have_count(0, timeout=PATIENCE)
        expect(self.page.locator("#ask input[name=answering]").first).to_be_attached()

    def give(self, name: str) -> None:
        """Answer by a button where there is one, else in writing."""
        if name in DATES:
            for part, value in zip(("day", "month", "year"), DATES[name], strict=True):
                self.page.fill(f"[name={part}]", value)
            self.page.click("#ask .words .send")
            return
        button = self.page.locator(f'#ask button[name=choice][value="{self.answers[name]}"]')
        if button.count():
            button.first.click()
        else:
            self.write(self.answers[name])

    def write(self, text: str) -> None:
        """Type and press Send."""
        self.page.fill("#words", text)
        self.page.click("#ask .words .send")

    def send_photo(self, file: Path) -> None:
        """Choose a file and send it."""
        self.page.set_input_files("#file", file)
        self.page.click("button[name=upload]")

    def said(self) -> str:
        """Everything in the conversation."""
        return self.page.inner_text("#log")


def listen(page: Page, complaints: list[str]) -> None:
    """Note what the browser complains of."""
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: _complain(said, complaints))


def _complain(said, complaints: list[str]) -> None:
    """A cut connection is part of some tests; everything else that is red is ours."""
    if said.type == "error" and "ERR_" not in said.text and "Failed to load" not in said.text:
        complaints.append(said.text)
