// Boxes that scroll can be reached by keyboard; those with nothing to scroll are no stops on the way. And the list of
// contents is open where there is room beside the text.
(() => {
  const label = (box, on) => {
    box.dataset.label ??= box.getAttribute("aria-label") ?? "Formula";
    const wanted = {tabindex: "0", role: "region", "aria-label": box.dataset.label};
    for (const [name, value] of Object.entries(wanted)) on ? box.setAttribute(name, value) : box.removeAttribute(name);
  };
  const look = () => {
    for (const box of document.querySelectorAll(".scroll")) label(box, box.scrollWidth > box.clientWidth);
    for (const formula of document.querySelectorAll("mjx-container")) {
      if (!formula.hasAttribute("display")) {
        formula.classList.remove("wide");
        formula.classList.toggle("wide", formula.offsetWidth > formula.parentElement.clientWidth);
      }
      if (formula.scrollWidth > formula.clientWidth + 1) label(formula, true);
      else for (const name of ["tabindex", "role", "aria-label"]) formula.removeAttribute(name);
    }
  };
  window.lookAtBoxes = look; // called again when formulas and diagrams have been drawn
  const contents = document.querySelector(".contents > details");
  if (contents && matchMedia("(min-width: 64rem)").matches) contents.open = true;
  let waiting;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(look, 100); });
  addEventListener("toggle", look, true); // a box in a closed part has no width yet
  addEventListener("load", look);
  look();
})();
