package dev.metakey.cli;

import dev.metakey.model.Field;
import dev.metakey.model.Tag;
import dev.metakey.packet.AreaCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;

/** A script that stands in for the program that looks at packets, for runs inside this process. */
final class FakeTap implements AutoCloseable {
  private static final String LIBEXEC = "metakey.libexec";

  /** At 2026-11-27T19:47:01.787027428Z. */
  private static final String TIME = "1795808821787027428";

  private static final String MK0 = "6d6b30";
  private static final String BASH = "62617368";

  private final Path folder;

  /** Makes a tap in this folder, in which nothing is installed yet. */
  FakeTap(Path folder) {
    this.folder = folder;
    System.setProperty(LIBEXEC, folder.toString());
  }

  /** Makes the program print this, and then wait for its standard input to end. */
  void prints(String... lines) throws IOException {
    does(
        "printf '%s\\n' ready '" + String.join("' '", lines) + "'; echo \"$@\" > \"$0.args\"; cat");
  }

  void does(String commands) throws IOException {
    Path program = folder.resolve("metakey-trace");
    Files.writeString(program, "#!/bin/sh\n" + commands + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** The words that it was run with. */
  String arguments() throws IOException {
    return Files.readString(folder.resolve("metakey-trace.args"))
        .replace(folder.toString(), "libexec");
  }

  static String packet(String hook, String reason, byte[] metadata) {
    String hex = metadata.length == 0 ? "-" : HexFormat.of().formatHex(metadata);
    return "packet %s %s 2 30 1 4711 %s %s %s %s".formatted(TIME, hook, reason, MK0, BASH, hex);
  }

  static String received(Field field, long value) {
    return packet("receive", "-", area(field, value));
  }

  static byte[] area(Field field, long value) {
    return area(field, value, FakeDaemon.TAG);
  }

  static byte[] area(Field field, long value, Tag tag) {
    byte[] area = new byte[FakeDaemon.INFO.areaBytes()];
    ByteBuffer bytes = ByteBuffer.wrap(area);
    AreaCodec codec = AreaCodec.of(FakeDaemon.INFO, tag);
    codec.make(bytes, area.length);
    codec.set(bytes, area.length, field, value);
    return area;
  }

  @Override
  public void close() {
    System.clearProperty(LIBEXEC);
  }
}
