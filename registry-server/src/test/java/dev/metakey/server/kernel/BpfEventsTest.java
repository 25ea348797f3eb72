package dev.metakey.server.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import dev.metakey.server.kernel.Bpf.Fd;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against the real kernel. */
@Timeout(60)
class BpfEventsTest {
  private static final int PROG_LOAD = 5;
  private static final int SOCKET_FILTER = 1;

  /** r0 = 0; exit. */
  private static final long[] NOTHING = {0xb7, 0x95};

  private static Fd load() throws Exception {
    try (Memory attributes = Bpf.zeroed(Bpf.ATTR_BYTES);
        Memory instructions = Bpf.zeroed((long) NOTHING.length * Long.BYTES);
        Memory license = Bpf.zeroed(4)) {
      instructions.write(0, NOTHING, 0, NOTHING.length);
      license.setString(0, "GPL");
      attributes.setInt(0, SOCKET_FILTER); // prog_type
      attributes.setInt(4, NOTHING.length); // insn_cnt
      attributes.setPointer(8, instructions); // insns
      attributes.setPointer(16, license); // license
      return new Fd((int) Libc.syscall(Libc.bpf(), PROG_LOAD, attributes, Bpf.ATTR_BYTES));
    }
  }

  private static CompletableFuture<Boolean> await(BpfEvents events) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return events.await();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  void await_whenProgramsComeAndGo_returnsEachTimeWhateverTheProcessor() throws Exception {
    BpfEvents events = new BpfEvents();
    for (int i = 0; i < 100; i++) { // more than a ring has room for
      Fd program = load();
      assertThat(await(events).get(10, TimeUnit.SECONDS)).isTrue();
      program.close();
      assertThat(await(events).get(10, TimeUnit.SECONDS)).isTrue();
    }
    events.close();
    while (await(events).get(10, TimeUnit.SECONDS)) { // another test may load programs
      Thread.onSpinWait();
    }
  }
}
