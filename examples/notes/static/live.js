// Shows changes of other windows, and the end of the session.
const state = document.querySelector("#state")
let isOver = false

function connect() {
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/live")
  socket.onopen = () => { isOver = false }
  socket.onmessage = event => { document.querySelector("#notes").innerHTML = event.data }
  socket.onclose = event => {
    if (isOver) {
      document.querySelector("nav").remove()
      state.parentElement.replaceChildren(state)
      state.innerHTML = "You are logged out. <a href='/login'>Log in</a>"
    } else if (event.reason === "session over") {
      // Another tab may have continued with a new session, whose cookie arrives in a moment. The
      // server then sends the notes again.
      document.querySelector("#notes").replaceChildren()
      isOver = true
      setTimeout(connect, 1000)
    } else {
      state.textContent = "The connection is closed. Load the page again to see changes."
    }
  }
}

connect()
