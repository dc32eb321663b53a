// The terminal takes keys as soon as it is there: nobody has to click into it first.
const waiting = new MutationObserver(() => {
  const keys = document.querySelector(".xterm-helper-textarea");
  if (keys && document.body.classList.contains("-first-byte")) {
    waiting.disconnect();
    keys.focus();
  }
});
waiting.observe(document, { childList: true, subtree: true, attributes: true });
