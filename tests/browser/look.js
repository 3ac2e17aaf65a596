// What a person would see and a program can measure of the page that is shown, at the present width of the window.
() => {
  const visible = (element) => element.checkVisibility({visibilityProperty: true});
  const describe = (element) => {
    const place = element.closest("[aria-label]")?.getAttribute("aria-label") ?? "";
    return `${element.tagName.toLowerCase()}.${element.className} ${place} ${element.textContent.trim().slice(0, 60)}`;
  };
  const root = document.documentElement;
  const everything = [...document.body.querySelectorAll("*:not(mjx-container *, svg *)")].filter(visible);
  const wider = everything.filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1);
  const overflow = (element) => getComputedStyle(element).overflowX;
  const scrolls = wider.filter((element) => ["auto", "scroll"].includes(overflow(element)));
  const reachable = (element) => element.tabIndex >= 0 || element.querySelector("a[href], button, input, [tabindex='0']");
  const held = (element) => scrolls.some((box) => box !== element && box.contains(element));
  const legible = [];
  for (const image of document.querySelectorAll("main img")) {
    if (visible(image) && image.naturalWidth > 40) legible.push([image.alt.slice(0, 60), image.clientWidth / image.naturalWidth]);
  }
  for (const drawing of document.querySelectorAll("main figure svg[viewBox]")) {
    const scale = drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width;
    if (visible(drawing)) legible.push([drawing.getAttribute("aria-roledescription") ?? "drawing", scale]);
  }
  return {
    title: document.title,
    lang: root.lang,
    mains: document.querySelectorAll("main").length,
    headings: [...document.querySelectorAll("h1")].map((heading) => heading.textContent.trim()),
    sections: [...document.querySelectorAll("main h2")].map((heading) => heading.id),
    contents: [...document.querySelectorAll("nav[aria-label='On this page'] a")].map((link) => link.getAttribute("href")),
    previous: document.querySelector("a[rel='prev']")?.getAttribute("href") ?? null,
    next: document.querySelector("a[rel='next']")?.getAttribute("href") ?? null,
    links: [...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")),
    parts: [...document.querySelectorAll("main details")].map((part) => ({
      label: part.querySelector("summary")?.textContent.trim() ?? "", open: part.open, kind: part.className,
    })),
    pageWidth: root.scrollWidth,
    windowWidth: root.clientWidth,
    cut: wider.filter((element) => ["hidden", "clip"].includes(overflow(element)) && !held(element)
      && element.textContent.trim() && getComputedStyle(element).clipPath === "none").map(describe),
    unreachable: scrolls.filter((element) => !reachable(element)).map(describe),
    boxes: scrolls.length,
    figures: legible,
    formulas: document.querySelectorAll("mjx-container").length,
    brokenFormulas: [...document.querySelectorAll("[data-mjx-error], mjx-merror")].map(describe),
    diagrams: document.querySelectorAll("main figure svg").length,
    undrawn: document.querySelectorAll("pre.mermaid").length,
  };
}
