package dev.metakey.server.fleet;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.metakey.files.AtomicFile;
import dev.metakey.fleet.v1.Known;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.zip.CRC32C;

/**
 * The file {@code fleet} in the data directory: what the host knows of its fleet. A line with a
 * checksum, then the message as JSON.
 */
record FleetFile(Path path) {
  private static final String HEAD = "metakey-fleet 1 crc32c=";

  /**
   * @return nothing known if there is no such file
   * @throws FleetException if the file is damaged
   */
  Known read() throws FleetException {
    try {
      String text = Files.readString(path);
      int end = text.indexOf('\n');
      String body = text.substring(end + 1);
      if (end < 0 || !text.substring(0, end).equals(HEAD + checksum(body))) {
        throw new FleetException("%s is damaged".formatted(path));
      }
      Known.Builder known = Known.newBuilder();
      JsonFormat.parser().ignoringUnknownFields().merge(body, known);
      return known.build();
    } catch (NoSuchFileException none) {
      return Known.getDefaultInstance();
    } catch (IOException e) {
      throw new FleetException("%s cannot be read".formatted(path), e);
    }
  }

  /**
   * @throws FleetException if it cannot be written
   */
  void write(Known known) throws FleetException {
    try {
      String body = json(known);
      ByteBuffer bytes = ByteBuffer.wrap((HEAD + checksum(body) + "\n" + body).getBytes(UTF_8));
      AtomicFile.write(
          path, PosixFilePermissions.fromString("rw-------"), file -> writeAll(file, bytes));
    } catch (IOException e) {
      throw new FleetException("%s cannot be written".formatted(path), e);
    }
  }

  private static void writeAll(FileChannel file, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }

  private static String json(Known known) throws InvalidProtocolBufferException {
    return JsonFormat.printer().print(known) + "\n";
  }

  private static String checksum(String body) {
    CRC32C crc = new CRC32C();
    crc.update(body.getBytes(UTF_8));
    return "%08x".formatted(crc.getValue());
  }
}
