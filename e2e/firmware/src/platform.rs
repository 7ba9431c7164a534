//! The heap, which an operating system would provide. It counts the bytes in use.
//! Only this file contains `unsafe` code, because an allocator requires it.

use core::{
    alloc::{GlobalAlloc, Layout},
    mem::MaybeUninit,
    ptr::addr_of_mut,
    sync::atomic::{AtomicUsize, Ordering},
};

use embedded_alloc::LlffHeap;
use panic_semihosting as _;

/// In bytes. The rest of the RAM is for the stack.
const HEAP_SIZE: usize = 24 * 1024;

#[global_allocator]
pub static HEAP: Heap = Heap { inner: LlffHeap::empty(), peak: AtomicUsize::new(0) };

/// A heap that records its peak usage.
pub struct Heap {
    inner: LlffHeap,
    peak: AtomicUsize,
}

impl Heap {
    /// Returns the peak usage in bytes, including the overhead of the allocator.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

// SAFETY: both methods pass their arguments to the inner heap unchanged. `realloc`
// is the default implementation, which calls them.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the same contract.
        let block = unsafe { self.inner.alloc(layout) };
        self.peak.fetch_max(self.inner.used(), Ordering::Relaxed);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the same contract.
        unsafe { self.inner.dealloc(block, layout) }
    }
}

/// Gives the heap its memory. Must be called once, before the first allocation.
pub(crate) fn init() {
    static mut MEMORY: [MaybeUninit<u8>; HEAP_SIZE] = [MaybeUninit::uninit(); HEAP_SIZE];
    // SAFETY: nothing else refers to this memory.
    unsafe { HEAP.inner.init(addr_of_mut!(MEMORY) as usize, HEAP_SIZE) }
}
