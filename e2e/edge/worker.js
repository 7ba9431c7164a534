import { fetch, initSync } from "./edge.js";
import module from "./edge_bg.wasm";

initSync({ module });

export default { fetch };
