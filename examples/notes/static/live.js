// Shows changes of other windows, and the end of the session.
const state = document.querySelector("#state")
const socket = new WebSocket(location.origin.replace("http", "ws") + "/live")
socket.onmessage = event => { document.querySelector("#notes").innerHTML = event.data }
socket.onclose = event => {
  if (event.reason === "session over") {
    document.querySelector("nav").remove()
    state.parentElement.replaceChildren(state)
    state.innerHTML = "You are logged out. <a href='/login'>Log in</a>"
  } else {
    state.textContent = "The connection is closed. Load the page again to see changes."
  }
}
