// Passkeys: a button that names where to ask (`data-passkey`) has the browser answer, and sends the form that it stands in with the answer as text; or,
// after an exclamation mark, with what was in the way. Bytes are written as the server reads them: not every browser of ours can do so by itself.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

const answer = async (form, path) => {
  const asked = await fetch(path, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(new FormData(form)) });
  if (!asked.ok) return `!${await asked.text()}`;
  const { publicKey } = JSON.parse(await asked.json());
  publicKey.challenge = bytes(publicKey.challenge);
  for (const known of publicKey.excludeCredentials ?? []) known.id = bytes(known.id);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  const { id, rawId, type, response } = await navigator.credentials[publicKey.user ? "create" : "get"]({ publicKey });
  const said = {};
  for (const name of ["attestationObject", "authenticatorData", "clientDataJSON", "signature", "userHandle"]) {
    if (response[name]) said[name] = text(response[name]);
  }
  return JSON.stringify({ id, rawId: text(rawId), type, response: said });
};

addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-passkey]");
  const form = button?.form;
  if (!form || button.getAttribute("aria-disabled") || !form.reportValidity()) return;
  button.setAttribute("aria-disabled", "true");
  form.elements.answer.value = "";
  try {
    form.elements.answer.value = await answer(form, button.dataset.passkey);
  } catch ({ name }) {
    const field = { InvalidStateError: "passkey_known", NotAllowedError: "passkey_left", AbortError: "passkey_left" }[name];
    form.elements.answer.value = field ? `!{"status":422,"field":"${field}"}` : `!{"status":503}`;
  }
  button.removeAttribute("aria-disabled");
  form.requestSubmit();
});
