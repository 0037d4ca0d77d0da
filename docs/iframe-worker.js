/* Search without a server: browsers start no worker for pages that are files, so it runs in a hidden frame instead. */
"use strict";
(() => {
  if (location.protocol !== "file:") return;

  // Runs in the frame, where the worker's script finds what a worker would have.
  const inside = `
    postMessage = data => parent.postMessage(data, "*");
    importScripts = (...urls) => urls.reduce(
      (before, url) => before.then(() => new Promise((loaded, failed) => {
        const script = document.createElement("script");
        script.src = url; script.onload = loaded; script.onerror = failed;
        document.body.appendChild(script);
      })), Promise.resolve());`;

  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.appendChild(this.frame);
      const page = this.frame.contentWindow;
      page.document.open();
      page.document.write(`<body><script>${inside}<\/script><script src="${url}"><\/script></body>`);
      page.document.close();
      this.ready = new Promise(loaded => { page.addEventListener("load", loaded); });  // opening forgets listeners
      this.heard = event => {
        if (event.source !== page) return;
        this.dispatchEvent(new MessageEvent("message", { data: event.data }));
        if (this.onmessage) this.onmessage(event);
      };
      window.addEventListener("message", this.heard);
    }

    postMessage(data) {
      const page = this.frame.contentWindow;
      this.ready.then(() => page.dispatchEvent(new page.MessageEvent("message", { data })));
    }

    terminate() {
      window.removeEventListener("message", this.heard);
      this.frame.remove();
    }
  };
})();
