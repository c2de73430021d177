// The office's own few lines: no styles put into the page (the policy forbids them), printing,
// and no form sent twice by a double click.
htmx.config.includeIndicatorStyles = false;
document.addEventListener("click", (event) => {
  const printer = event.target.closest("[data-print]");
  if (printer) {
    event.preventDefault();
    window.print();
  }
  // A menu closes when another is opened, or at a click beside it.
  for (const menu of document.querySelectorAll(".office-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest(".office-menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
  setTimeout(() => delete event.target.dataset.sent, 2000);
});
// A passkey that did not work: the library says so to the console only.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.querySelector(".office-refused")?.remove();
  const said = document.createElement("p");
  said.className = "office-warning office-refused";
  said.setAttribute("role", "alert");
  said.textContent = "No passkey was given, or your device would not make one. Nothing has changed: please try again, or use another way.";
  document.querySelector("h1.office-title").after(said);
});
