package dev.metakey.cli;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The packets with metadata that pass this host, as {@code libexec/metakey-trace} tells them. That
 * program attaches BPF programs to the kernel's tracepoints; deploy/src/trace/metakey-trace.c
 * describes the lines that it prints.
 */
final class PacketTap implements AutoCloseable {
  private static final int NOT_PERMITTED = 77;
  private static final HexFormat HEX = HexFormat.of();

  private final Process process;
  private final BufferedReader lines;
  private final LongConsumer missed;
  private volatile boolean closed;

  /**
   * A packet that came by.
   *
   * @param metadata the bytes up to the packet's first, not looked at yet
   */
  record Packet(
      long ns,
      String hook,
      int ifindex,
      long length,
      int cpu,
      long pid,
      String dropReason,
      String device,
      String process,
      ByteBuffer metadata) {}

  private PacketTap(Process process, LongConsumer missed) {
    this.missed = missed;
    this.process = process;
    this.lines = process.inputReader(StandardCharsets.US_ASCII);
  }

  /**
   * Starts tracing.
   *
   * @param device only packets of devices with this name; empty: all
   * @param hooks {@code receive}, {@code transmit}, {@code drop}
   * @param missed told how many packets so far came too fast to be reported, when there are more,
   *     by the thread that asks for the next packet
   * @throws MetakeyException NOT_PERMITTED, or UNAVAILABLE where the program is not installed or
   *     the kernel lacks something
   */
  static PacketTap open(String device, List<String> hooks, LongConsumer missed) {
    Path program = Path.of(System.getProperty("metakey.libexec", "libexec"), "metakey-trace");
    if (!Files.isExecutable(program)) {
      throw new MetakeyException(
          Reason.UNAVAILABLE,
          "%s is not installed: it is built with metakey where clang, gcc and libbpf-dev are, so install these and build again"
              .formatted(program));
    }
    List<String> command = new ArrayList<>(List.of(program.toString(), program + ".bpf.o"));
    if (!device.isEmpty()) {
      command.addAll(List.of("--dev", device));
    }
    command.addAll(hooks);
    PacketTap tap;
    try {
      tap = new PacketTap(new ProcessBuilder(command).start(), missed);
    } catch (IOException e) {
      throw new MetakeyException(
          Reason.UNAVAILABLE,
          "%s cannot be run: %s".formatted(program, e.getMessage()),
          Map.of(),
          e);
    }
    if (tap.line() == null) { // the first line says that it is ready
      throw tap.failure();
    }
    return tap;
  }

  /**
   * The next packet; null when the tap was closed.
   *
   * @throws MetakeyException if the program ended by itself
   */
  @Nullable Packet next() {
    for (String line = line(); line != null; line = line()) {
      String[] words = line.split(" ", -1);
      if (words[0].equals("packet")) {
        return packet(words);
      }
      missed.accept(Long.parseLong(words[1]));
    }
    if (closed || process.isAlive() || process.exitValue() == 0) {
      return null;
    }
    throw failure();
  }

  /** Whether the next packet is there already. */
  boolean isReady() {
    try {
      return lines.ready();
    } catch (IOException e) { // closed
      return false;
    }
  }

  private static Packet packet(String[] words) {
    return new Packet(
        Long.parseLong(words[1]),
        words[2],
        Integer.parseInt(words[3]),
        Long.parseLong(words[4]),
        Integer.parseInt(words[5]),
        Long.parseLong(words[6]),
        words[7].equals("-") ? "" : words[7],
        text(words[8]),
        text(words[9]),
        ByteBuffer.wrap(bytes(words[10])));
  }

  private static String text(String hex) {
    return new String(bytes(hex), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String hex) {
    return hex.equals("-") ? new byte[0] : HEX.parseHex(hex);
  }

  private @Nullable String line() {
    try {
      return lines.readLine();
    } catch (IOException e) { // closed
      return null;
    }
  }

  private MetakeyException failure() {
    try (BufferedReader said = process.errorReader(StandardCharsets.UTF_8)) {
      String why = said.readLine();
      int code = process.waitFor();
      return new MetakeyException(
          code == NOT_PERMITTED ? Reason.NOT_PERMITTED : Reason.UNAVAILABLE,
          "packets cannot be traced: "
              + (why == null ? "metakey-trace ended with code %d".formatted(code) : why));
    } catch (IOException e) {
      return new MetakeyException(
          Reason.UNAVAILABLE,
          "packets cannot be traced: metakey-trace does not say why",
          Map.of(),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new MetakeyException(Reason.UNAVAILABLE, "interrupted", Map.of(), e);
    }
  }

  /** Ends the program. From any thread. */
  @Override
  public void close() {
    closed = true;
    try {
      process.getOutputStream().close(); // it ends when its standard input does
      if (!process.waitFor(1, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
