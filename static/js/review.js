// Photos by keyboard: arrows go from choice to choice, A approves, digits ask again.
document.addEventListener("keydown", (event) => {
  const choices = [...document.querySelectorAll(".office-photos select")];
  if (!choices.length || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea")) return;
  const at = choices.indexOf(document.activeElement);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) {
    event.preventDefault();
    choices[Math.min(Math.max(at + step, 0), choices.length - 1)].focus();
    return;
  }
  const chosen = event.key.toLowerCase() === "a" ? 1 : /^[1-9]$/.test(event.key) ? Number(event.key) + 1 : 0;
  if (at >= 0 && chosen && chosen < choices[at].options.length) {
    event.preventDefault();
    choices[at].selectedIndex = chosen;
    choices[Math.min(at + 1, choices.length - 1)].focus();
  }
});
