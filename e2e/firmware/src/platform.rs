//! What an operating system would bring: a heap, which counts. The only file
//! here that says `unsafe`: an allocator cannot be written without.

use core::{
    alloc::{GlobalAlloc, Layout},
    mem::MaybeUninit,
    ptr::addr_of_mut,
    sync::atomic::{AtomicUsize, Ordering},
};

use embedded_alloc::LlffHeap;
use panic_semihosting as _;

/// Of RAM; the rest is the stack's.
const HEAP_SIZE: usize = 24 * 1024;

#[global_allocator]
pub static HEAP: Heap = Heap { inner: LlffHeap::empty(), peak: AtomicUsize::new(0) };

/// A heap that remembers the most that was in use.
pub struct Heap {
    inner: LlffHeap,
    peak: AtomicUsize,
}

impl Heap {
    /// The most that was in use at once, in bytes, with what the allocator
    /// rounds up.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

// SAFETY: every call goes to the heap as it came. `realloc` is the default one,
// over these two.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let block = unsafe { self.inner.alloc(layout) };
        self.peak.fetch_max(self.inner.used(), Ordering::Relaxed);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.inner.dealloc(block, layout) }
    }
}

/// Gives the heap its memory. To be called once, before the first allocation.
pub(crate) fn init() {
    static mut MEMORY: [MaybeUninit<u8>; HEAP_SIZE] = [MaybeUninit::uninit(); HEAP_SIZE];
    // SAFETY: nothing else refers to this memory.
    unsafe { HEAP.inner.init(addr_of_mut!(MEMORY) as usize, HEAP_SIZE) }
}
