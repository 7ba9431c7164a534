//! A connection without a network: it reads a request from memory and writes the response to
//! memory.
//! `e2e/firmware` has no network either and includes this file.

use alloc::vec::Vec;
use core::{
    convert::Infallible,
    future::{Future, pending},
    pin::pin,
    task::{Context, Poll, Waker},
};

use picoserve::{
    Config, Error, Router, Server, Timeouts, Timer,
    io::{BaseWrite, ErrorType, Socket, Write},
    mem::{BorrowedBuffer, BorrowedCursor},
    routing::PathRouter,
    time::Duration,
};

/// Sends one request to `app`, with an HTTP buffer of `buffer` bytes. Returns the response.
pub fn exchange(app: &Router<impl PathRouter>, buffer: usize, request: &[u8]) -> Vec<u8> {
    let (config, mut buffer) = (Config::const_default(), alloc::vec![0; buffer]);
    let mut answer = Vec::new();
    let socket = Memory::new(request, &mut answer);
    let server = Server::custom(app, Never, &config, &mut buffer);
    // picoserve responds to a bad request and also returns an error.
    let _ = ready(server.serve(socket));
    answer
}

/// Returns the output of a future that is ready at once.
pub fn ready<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("memory is always ready"),
    }
}

pub struct Runtime;

/// A timer that never fires.
pub struct Never;

impl Timer<Runtime> for Never {
    async fn delay(&self, _: Duration) {
        pending::<()>().await;
    }
}

/// A connection with one incoming request.
pub struct Memory<'m> {
    incoming: &'m [u8],
    outgoing: &'m mut Vec<u8>,
}

impl<'m> Memory<'m> {
    pub fn new(incoming: &'m [u8], outgoing: &'m mut Vec<u8>) -> Self {
        Self { incoming, outgoing }
    }
}

impl<'m> Socket<Runtime> for Memory<'m> {
    type Error = Infallible;
    type ReadHalf<'a>
        = &'a mut &'m [u8]
    where
        Self: 'a;
    type WriteHalf<'a>
        = Outgoing<'a>
    where
        Self: 'a;

    fn split(&mut self) -> (Self::ReadHalf<'_>, Self::WriteHalf<'_>) {
        (&mut self.incoming, Outgoing(self.outgoing))
    }

    async fn abort<T: Timer<Runtime>>(self, _: &Timeouts, _: &T) -> Result<(), Error<Infallible>> {
        Ok(())
    }

    async fn shutdown<T: Timer<Runtime>>(
        self,
        _: &Timeouts,
        _: &T,
    ) -> Result<(), Error<Infallible>> {
        Ok(())
    }
}

pub struct Outgoing<'m>(&'m mut Vec<u8>);

impl ErrorType for Outgoing<'_> {
    type Error = Infallible;
}

impl BaseWrite for Outgoing<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Write for Outgoing<'_> {
    async fn write_with<F: FnOnce(BorrowedCursor<'_>) -> R, R>(
        &mut self,
        f: F,
    ) -> Result<R, Infallible> {
        let mut bytes = [0; 256];
        let mut buffer = BorrowedBuffer::new(&mut bytes);
        let output = f(buffer.unfilled());
        self.0.extend_from_slice(buffer.filled());
        Ok(output)
    }
}
