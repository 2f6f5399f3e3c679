/** Keyboards and screen readers: what has the focus may go away, the focus may not. */

/**
 * @param {HTMLElement} root
 * @param {() => void} show Changes what is on the page.
 */
export function keepingFocus(root, show) {
  const before = document.activeElement;
  const isOurs = before instanceof HTMLElement && before !== root && root.contains(before);
  show();
  if (!isOurs || isVisible(before)) return;
  // Whoever took it away may have found a better place for it.
  if (document.activeElement !== document.body && root.contains(document.activeElement)) return;
  const again = before.id ? document.getElementById(before.id) : null;
  const next = [again, root.querySelector(".banner:not([hidden]) button"), title()].find(
    (one) => one instanceof HTMLElement && isVisible(one),
  );
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
  else root.focus({ preventScroll: true });
}

const title = () => document.getElementById("captions-title");

/** @param {HTMLElement} element */
const isVisible = (element) => element.isConnected && element.getClientRects().length > 0;
