// Runs before anything is drawn: whoever comes back must not see the first question flash by.
document.documentElement.classList.add("scripted");
try {
  if (localStorage.getItem("club.session")) document.documentElement.classList.add("resuming");
} catch {
  // No storage here: every visit starts afresh.
}
