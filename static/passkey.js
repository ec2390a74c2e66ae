// Security keys and passkeys: the one thing that no form can do. A button [data-key] asks the address in
// data-begin for what to sign, lets the browser ask its person, puts the answer into the form's field
// "answer" and sends the form. Without this script the other ways of proving oneself are there.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  const decode = (o) => {
    const named = (list) => list?.map((c) => ({ ...c, id: bytes(c.id) }));
    const out = { ...o, challenge: bytes(o.challenge) };
    if (o.user) out.user = { ...o.user, id: bytes(o.user.id) };
    if (o.allowCredentials) out.allowCredentials = named(o.allowCredentials);
    if (o.excludeCredentials) out.excludeCredentials = named(o.excludeCredentials);
    return out;
  };

  const encode = (c) => {
    const r = c.response;
    const response = { clientDataJSON: text(r.clientDataJSON) };
    if (r.attestationObject) {
      response.attestationObject = text(r.attestationObject);
      response.transports = r.getTransports?.() ?? [];
    } else {
      response.authenticatorData = text(r.authenticatorData);
      response.signature = text(r.signature);
      if (r.userHandle) response.userHandle = text(r.userHandle);
    }
    return JSON.stringify({
      id: c.id, rawId: text(c.rawId), type: c.type, response,
      authenticatorAttachment: c.authenticatorAttachment ?? undefined, clientExtensionResults: c.getClientExtensionResults(),
    });
  };

  // One ceremony at a time: the one that waits in the name field ends when a button begins another.
  let waiting;
  const ceremony = async (form, begin, mediation) => {
    waiting?.abort();
    waiting = new AbortController();
    const { signal } = waiting;
    const body = new URLSearchParams();
    const name = form.elements.namedItem("signed_in_as"); // whose page this is, as in every form
    if (name) body.set(name.name, name.value);
    const answer = await fetch(begin, { method: "POST", body, signal });
    if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("application/json")) throw new Error("begin");
    const { publicKey } = await answer.json();
    const options = { publicKey: decode(publicKey), signal };
    if (mediation) options.mediation = mediation;
    return encode(await (publicKey.user ? navigator.credentials.create(options) : navigator.credentials.get(options)));
  };

  const send = (form, answer) => {
    form.querySelector("[name=answer]").value = answer;
    // HTMLFormElement's own method, so that fields that this way needs not are not asked for.
    form.noValidate = true;
    form.requestSubmit();
  };

  const use = async (button) => {
    const form = button.closest("form");
    const says = form.querySelector("[data-key-says]");
    says.textContent = "Waiting for your key…";
    button.disabled = true;
    try {
      send(form, await ceremony(form, button.dataset.begin));
    } catch (e) {
      says.textContent = e.name === "InvalidStateError"
        ? "This key is on your list already."
        : "That did not work, or took too long. Try again, or use another way.";
    } finally {
      button.disabled = false;
    }
  };

  // A passkey that the browser knows is offered in the field for the name, where the browser can do that.
  const offer = async (form) => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    try {
      send(form, await ceremony(form, form.dataset.offer, "conditional"));
    } catch {
      // Nobody chose one: the page works as it is.
    }
  };

  document.addEventListener("click", (e) => {
    const button = e.target.closest?.("[data-key]");
    if (button) use(button);
  });
  for (const b of document.querySelectorAll("[data-key][hidden], [data-key-only][hidden]")) b.hidden = false;
  const form = document.querySelector("form[data-offer]");
  if (form) offer(form);
})();
