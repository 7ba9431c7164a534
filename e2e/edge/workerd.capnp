using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "login", worker = .login)],
  sockets = [(name = "http", http = (), service = "login")],
);

const login :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "edge.js", esModule = embed "edge.js"),
    (name = "inline.js", esModule = embed "inline.js"),
    (name = "edge_bg.wasm", wasm = embed "edge_bg.wasm"),
  ],
  bindings = [(name = "SESSION_SECRET", fromEnvironment = "SESSION_SECRET")],
  compatibilityDate = "2026-01-01",
);
