// Everything works without this file. It adds: copy and show buttons, and where the focus goes after
// an answer. Which answers htmx swaps is said in the htmx-config of the page (422 is among them).
(() => {
  "use strict";

  // Buttons that need this script are hidden until it runs.
  const wake = (root) => {
    for (const b of root.querySelectorAll("button[data-copy][hidden], button[data-reveal][hidden], button[data-print][hidden]")) b.hidden = false;
    // A summary of problems, or a region that was asked for, is read out first.
    root.querySelector("[data-focus]")?.focus();
  };

  const copy = async (button) => {
    const text = button.closest(".copy").querySelector("code").textContent;
    const label = button.querySelector("span");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Plain http has no clipboard: select the text, so that the keyboard can copy it.
      getSelection().selectAllChildren(button.closest(".copy").querySelector("code"));
      if (!document.execCommand("copy")) return;
    }
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = "Copy"; }, 2000);
  };

  const reveal = (button) => {
    const input = button.parentElement.querySelector("input");
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.textContent = shown ? "Show" : "Hide";
    button.setAttribute("aria-pressed", String(!shown));
    input.focus();
  };

  document.addEventListener("click", (e) => {
    const button = e.target.closest("button");
    if (button?.matches("[data-copy]")) copy(button);
    if (button?.matches("[data-reveal]")) reveal(button);
    if (button?.matches("[data-print]")) print();
  });

  // A second press while the first is on its way would send the form twice.
  document.addEventListener("submit", (e) => {
    if (e.target.dataset.sent) return e.preventDefault();
    e.target.dataset.sent = "1";
    setTimeout(() => { delete e.target.dataset.sent; }, 4000);
  });
  addEventListener("pageshow", () => {
    for (const f of document.querySelectorAll("form[data-sent]")) delete f.dataset.sent;
  });

  document.addEventListener("htmx:afterSwap", (e) => wake(e.target.parentElement ?? document));
  // An answer that is no part of this page (signed out, gone, over a limit) is shown as a page.
  document.addEventListener("htmx:responseError", (e) => {
    if (e.detail.xhr.getResponseHeader("HX-Redirect")) return;
    const page = new DOMParser().parseFromString(e.detail.xhr.responseText, "text/html");
    document.title = page.title;
    document.body.replaceWith(page.body);
    scrollTo(0, 0);
  });

  wake(document);
})();
