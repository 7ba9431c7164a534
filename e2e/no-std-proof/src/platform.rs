//! Replaces the runtime of an operating system: the entry point, an allocator, a
//! panic handler, and the memory functions that the compiler calls.

use core::{
    alloc::{GlobalAlloc, Layout},
    arch::{asm, global_asm},
    cell::UnsafeCell,
    panic::PanicInfo,
    ptr::null_mut,
    sync::atomic::{AtomicUsize, Ordering},
};

// The entry point aligns the stack, calls `run`, and passes its result to exit(2).
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "and rsp, -16",
    "call run",
    "mov edi, eax",
    "mov eax, 60",
    "syscall",
    "ud2",
);

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(101)
}

fn exit(code: i32) -> ! {
    // SAFETY: exit(2) takes one integer and does not return.
    unsafe { asm!("syscall", in("rax") 60, in("rdi") code, options(noreturn)) }
}

/// Allocates from one arena from front to back, and frees nothing.
struct Arena {
    bytes: UnsafeCell<[u8; Self::LEN]>,
    used: AtomicUsize,
}

impl Arena {
    const LEN: usize = 1 << 20;
}

// SAFETY: no byte is allocated twice.
unsafe impl Sync for Arena {}

// SAFETY: each block is a separate part of the arena and has the requested alignment.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = self.bytes.get().cast::<u8>();
        let reserved = layout.size() + layout.align();
        let start = self.used.fetch_add(reserved, Ordering::Relaxed);
        if start + reserved > Self::LEN {
            return null_mut();
        }
        let block = base.wrapping_add(start);
        block.wrapping_add(block.align_offset(layout.align()))
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ARENA: Arena = Arena { bytes: UnsafeCell::new([0; Arena::LEN]), used: AtomicUsize::new(0) };

// These functions use instructions and volatile reads, because the compiler would
// turn a plain loop into a call of the function itself.

#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller guarantees that both are valid for `len` bytes.
    unsafe {
        asm!("rep movsb", inout("rcx") len => _, inout("rdi") to => _, inout("rsi") from => _)
    }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= len {
        // SAFETY: a copy in the forward direction reads each byte before it overwrites it.
        return unsafe { memcpy(to, from, len) };
    }
    let (last_to, last_from) =
        (to.wrapping_add(len).wrapping_sub(1), from.wrapping_add(len).wrapping_sub(1));
    // SAFETY: as in `memcpy`. The copy is backward, because the target overlaps the end of
    // the source.
    unsafe {
        asm!("std", "rep movsb", "cld", inout("rcx") len => _, inout("rdi") last_to => _, inout("rsi") last_from => _)
    }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
    // SAFETY: the caller guarantees that `to` is valid for `len` bytes.
    unsafe { asm!("rep stosb", inout("rcx") len => _, inout("rdi") to => _, in("al") byte as u8) }
    to
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
    for at in 0..len {
        // SAFETY: the caller guarantees that both are valid for `len` bytes.
        let (a, b) = unsafe { (one.add(at).read_volatile(), other.add(at).read_volatile()) };
        if a != b {
            return i32::from(a) - i32::from(b);
        }
    }
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
    // SAFETY: the contract is the same.
    unsafe { memcmp(one, other, len) }
}

#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    exit(102)
}
