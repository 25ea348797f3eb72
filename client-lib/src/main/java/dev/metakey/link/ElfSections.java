package dev.metakey.link;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The section table of a relocatable ELF64 object for BPF, in either byte order. Every value is
 * checked against the file, because nobody knows where the file came from. Reads headers and names
 * only: at most 64 bytes for each of 65,279 sections, whatever the file says.
 *
 * <pre>
 *    0       4      5     6        16     18        20           40       48
 *    | magic | 64=2 | LE1 | 1 ...  | type | machine | version .. | shoff  | ...
 *    52       54          56      58          60      62         64
 *    | ehsize | phentsize | phnum | shentsize | shnum | shstrndx |
 *
 *    a section header:
 *    0      4      8       16     24       32     40 ..    64
 *    | name | type | flags | addr | offset | size | ...    |
 * </pre>
 */
final class ElfSections {
  /** Far more than any BPF program has; there must be some limit. */
  static final long MAX_FILE_BYTES = 256L << 20;

  static final int PROGBITS = 1;
  static final int NOBITS = 8;
  static final long COMPRESSED = 0x800;

  private static final int NULL = 0;
  private static final int STRTAB = 3;
  private static final byte[] MAGIC = {0x7f, 'E', 'L', 'F'};
  private static final int RELOCATABLE = 1;
  private static final int BPF = 247;
  private static final int HEADER_BYTES = 64;
  private static final int SECTION_BYTES = 64;

  /** From here up, section numbers have special meanings. */
  private static final int RESERVED = 0xff00;

  /**
   * One section.
   *
   * @param at where its header is in the file
   * @param name where its name starts in the string table
   */
  record Section(int index, long at, long name, int type, long flags, long offset, long size) {
    boolean isInFile() {
      return type != NULL && type != NOBITS && size != 0;
    }

    boolean overlaps(long start, long bytes) {
      return offset < start + bytes && start < offset + size;
    }
  }

  private final Path path;
  private final FileChannel file;
  private final long fileBytes;
  private final ByteBuffer header;
  private final List<Section> sections;
  private final Section names;

  private ElfSections(Path path, FileChannel file) throws IOException {
    this.path = path;
    this.file = file;
    this.fileBytes = file.size();
    checkFileSize();
    this.header = header();
    checkKind();
    this.sections = sections();
    this.names = names();
  }

  /**
   * @param path names the file in errors
   * @throws dev.metakey.model.MetakeyException INVALID_REQUEST if it is not such an object
   */
  static ElfSections read(Path path, FileChannel file) throws IOException {
    return new ElfSections(path, file);
  }

  ByteOrder order() {
    return header.order();
  }

  private void checkFileSize() {
    if (fileBytes == 0) {
      throw BadObject.whole(path, "the file is empty; a compiled BPF object is needed");
    }
    if (fileBytes > MAX_FILE_BYTES) {
      throw BadObject.whole(
          path, "%d bytes are too many; at most 256 MiB are allowed".formatted(fileBytes));
    }
  }

  private ByteBuffer header() throws IOException {
    ByteBuffer start = bytes(0, (int) Math.min(fileBytes, HEADER_BYTES));
    if (!start.slice(0, Math.min(start.limit(), MAGIC.length)).equals(ByteBuffer.wrap(MAGIC))) {
      throw BadObject.at(
          path,
          0,
          "not an ELF object; compile the program with clang -target bpf -c, and link that");
    }
    if (fileBytes < HEADER_BYTES) {
      throw BadObject.at(
          path,
          fileBytes,
          "the file ends within the ELF header, which has %d bytes".formatted(HEADER_BYTES));
    }
    if (start.get(4) != 2) {
      throw BadObject.at(
          path, 4, "ELF class %d; a BPF object has class 2 (64 bits)".formatted(start.get(4)));
    }
    return switch (start.get(5)) {
      case 1 -> start.order(ByteOrder.LITTLE_ENDIAN);
      case 2 -> start.order(ByteOrder.BIG_ENDIAN);
      default ->
          throw BadObject.at(
              path, 5, "byte order %d; 1 (little) and 2 (big) are known".formatted(start.get(5)));
    };
  }

  private void checkKind() {
    require(6, header.get(6), 1, "ELF version");
    if (u16(16) != RELOCATABLE) {
      throw BadObject.at(
          path,
          16,
          "ELF type %d, not a relocatable object (1); link what clang -c wrote".formatted(u16(16)));
    }
    if (u16(18) != BPF) {
      throw BadObject.at(
          path, 18, "machine %d, not BPF (247); compile with clang -target bpf".formatted(u16(18)));
    }
    require(20, header.getInt(20), 1, "ELF version");
    require(52, u16(52), HEADER_BYTES, "size of the ELF header");
    require(56, u16(56), 0, "number of program headers");
    require(58, u16(58), SECTION_BYTES, "size of a section header");
  }

  private void require(int offset, int is, int allowed, String what) {
    if (is != allowed) {
      throw BadObject.at(
          path, offset, "%s %d; a BPF object has %d there".formatted(what, is, allowed));
    }
  }

  private List<Section> sections() throws IOException {
    int count = u16(60);
    if (count == 0 || count >= RESERVED) {
      throw BadObject.at(
          path, 60, "%d sections; allowed are 1 to %d".formatted(count, RESERVED - 1));
    }
    long start = tableStart();
    requireInFile(40, "the section headers are", start, (long) count * SECTION_BYTES);
    ByteBuffer table = bytes(start, count * SECTION_BYTES).order(order());
    List<Section> all = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int at = i * SECTION_BYTES;
      Section section =
          new Section(
              i,
              start + at,
              Integer.toUnsignedLong(table.getInt(at)),
              table.getInt(at + 4),
              table.getLong(at + 8),
              table.getLong(at + 24),
              table.getLong(at + 32));
      if (section.isInFile()) {
        requireInFile(section.at + 24, "section %d is".formatted(i), section.offset, section.size);
      }
      all.add(section);
    }
    return all;
  }

  private long tableStart() {
    return header.getLong(40);
  }

  private Section names() {
    int index = u16(62);
    if (index >= sections.size()) {
      throw BadObject.at(
          path,
          62,
          "section %d is to hold the names; there are %d sections"
              .formatted(index, sections.size()));
    }
    Section table = sections.get(index);
    if (table.type != STRTAB || !table.isInFile() || (table.flags & COMPRESSED) != 0) {
      throw BadObject.at(
          path,
          table.at + 4,
          "section %d is to hold the names, but is not a plain string table".formatted(index));
    }
    for (Section section : sections) {
      if (section.name >= table.size) {
        throw BadObject.at(
            path,
            section.at,
            "the name of section %d starts at byte %d of the names, which have %d"
                .formatted(section.index, section.name, table.size));
      }
    }
    return table;
  }

  /** The sections with the name. */
  List<Section> named(String name) throws IOException {
    ByteBuffer wanted = US_ASCII.encode(name + "\0");
    List<Section> found = new ArrayList<>();
    for (Section section : sections) {
      if (section.name + wanted.limit() <= names.size
          && bytes(names.offset + section.name, wanted.limit()).equals(wanted)) {
        found.add(section);
      }
    }
    return found;
  }

  /** The bytes of a section, which must be in the file and belong to nothing else. */
  ByteBuffer bytesOf(Section section) throws IOException {
    if (section.overlaps(0, HEADER_BYTES)
        || section.overlaps(tableStart(), (long) sections.size() * SECTION_BYTES)) {
      throw overlap(section, "the ELF or section headers");
    }
    for (Section other : sections) {
      if (other.index != section.index
          && other.isInFile()
          && section.overlaps(other.offset, other.size)) {
        throw overlap(section, "section " + other.index);
      }
    }
    return bytes(section.offset, Math.toIntExact(section.size)).order(order());
  }

  private RuntimeException overlap(Section section, String what) {
    return BadObject.at(
        path,
        section.at + 24,
        "section %d (bytes %d to %d of the file) overlaps %s"
            .formatted(section.index, section.offset, section.offset + section.size - 1, what));
  }

  /**
   * @param at where the file says so
   */
  private void requireInFile(long at, String what, long start, long bytes) {
    if (start < 0 || bytes < 0 || bytes > fileBytes || start > fileBytes - bytes) {
      throw BadObject.at(
          path,
          at,
          "%s said to be %s bytes from byte %s on; the file has %d: is it cut short?"
              .formatted(
                  what, Long.toUnsignedString(bytes), Long.toUnsignedString(start), fileBytes));
    }
  }

  private int u16(int offset) {
    return Short.toUnsignedInt(header.getShort(offset));
  }

  private ByteBuffer bytes(long offset, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, offset + bytes.position()) < 0) {
        throw new IOException("it became shorter while it was read");
      }
    }
    return bytes.flip();
  }
}
