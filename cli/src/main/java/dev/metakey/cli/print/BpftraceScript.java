package dev.metakey.cli.print;

import dev.metakey.layout.MarkStruct;
import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Tag;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A script for bpftrace that prints the values of fields, a line for each, as packets are received.
 * It finds an area by the rules of {@code metakey_trace_get}: so it contains the tag.
 */
public final class BpftraceScript {
  private static final String HEAD =
      """
      // Prints %1$s of packets as they are received: `bpftrace FILE`, as root.
      //
      // SECRET: the mark below contains the tag of this host. Whoever reads it can send packets with forged values.
      //
      // Made by `metakey gen bpftrace` for registry %2$s at revision %3$d, whose
      // areas are %4$s and have %5$d bytes. A running script keeps nobody from releasing a field, and its id may
      // then become another field's. So make it anew whenever you start it, and remove it afterwards.

      tracepoint:net:netif_receive_skb
      {
        // The metadata ends where the packet starts, at the MAC header. Its length is kept behind the packet.
        $skb = (struct sk_buff *)args->skbaddr;
        $head = (uint64)$skb->head;
        $mac = (uint64)$skb->mac_header;
        $end = $head + $mac;
        $bytes = (uint64)((struct skb_shared_info *)($head + $skb->end))->meta_len;

        // An area of this host ends in its mark.
        if ($mac != 0xffff && $mac >= %5$d && $bytes >= %5$d &&
            *(uint32 *)kptr($end - 8) == 0x%6$08x && *(uint32 *)kptr($end - 4) == 0x%7$08x) {
      """;

  private static final String SLOTTED =
      """
          // Bit k says whether the packet has the field with id k.
          $present = *(uint64 *)kptr($end - 16);
      """;

  private static final String SLOTTED_FIELD =
      """

          // %1$s, id %2$d
          if (($present >> %2$d) & 1) {
            $value = (uint64)*(uint%3$d *)kptr($end - %4$d);
            printf(%5$s);
          }
      """;

  /** All 64 ids with 8 bytes are 64 * 3 bits, which is more than one byte counts. */
  private static final String PACKED =
      """
          // Bit k of both words says how large the value of id k is: low alone 2 bytes, high alone 4, both 8.
          $area = $end - %1$d;
          $high = *(uint64 *)kptr($area);
          $low = *(uint64 *)kptr($area + 8);

          // How many bytes all values take: 2 for each bit of low, 4 of high, 2 more where both are set.
      %2$s
          // A header that claims more than fits is not ours.
          if ($values <= %3$d) {
      """;

  private static final String COUNT =
      """
          $h = $high%1$s;
          $l = $low%1$s;
          $b = $h & $l;
          $h = $h - (($h >> 1) & 0x5555555555555555);
          $l = $l - (($l >> 1) & 0x5555555555555555);
          $b = $b - (($b >> 1) & 0x5555555555555555);
          $h = ($h & 0x3333333333333333) + (($h >> 2) & 0x3333333333333333);
          $l = ($l & 0x3333333333333333) + (($l >> 2) & 0x3333333333333333);
          $b = ($b & 0x3333333333333333) + (($b >> 2) & 0x3333333333333333);
          $h = ($h + ($h >> 4)) & 0x0f0f0f0f0f0f0f0f;
          $l = (($l + ($l >> 4)) & 0x0f0f0f0f0f0f0f0f) + (($b + ($b >> 4)) & 0x0f0f0f0f0f0f0f0f);
          $values = (($h * 0x0101010101010101) >> 56) * 4 + (($l * 0x0101010101010101) >> 56) * 2;
      """;

  private static final String PACKED_FIELD =
      """

            // %1$s, id %2$d: behind the values with smaller ids
            if ((($high >> %2$d) & 1) == %6$d && (($low >> %2$d) & 1) == %7$d) {
      %8$s
              $value = (uint64)*(uint%3$d *)kptr($area + 16 + $values);
              printf(%5$s);
            }
      """;

  private final RegistryInfo info;
  private final ByteBuffer mark = ByteBuffer.allocate(MarkStruct.BYTES);

  /**
   * @param tag of that registry's areas
   */
  public BpftraceScript(RegistryInfo info, Tag tag) {
    this.info = info;
    MarkStruct.put(mark, 0, tag);
    mark.order(ByteOrder.nativeOrder());
  }

  /**
   * The script's text.
   *
   * @param fields those that have a place in the area
   */
  public String of(List<Field> fields) {
    String names = fields.stream().map(Field::name).collect(Collectors.joining(", "));
    StringBuilder script =
        new StringBuilder(
            HEAD.formatted(
                names,
                info.registryId(),
                info.revision(),
                info.layout(),
                info.areaBytes(),
                mark.getInt(0),
                mark.getInt(4)));
    if (info.layout() == Layout.SLOTTED) {
      script.append(SLOTTED);
      fields.forEach(field -> script.append(slotted(field)));
    } else {
      int room = info.areaBytes() - 16 - MarkStruct.BYTES;
      script.append(PACKED.formatted(info.areaBytes(), COUNT.formatted(""), room));
      fields.forEach(field -> script.append(packed(field)));
      script.append("    }\n");
    }
    return script.append("  }\n}\n").toString();
  }

  private static String slotted(Field field) {
    return SLOTTED_FIELD.formatted(
        field.name(), field.id(), field.size() * Byte.SIZE, field.slot(), line(field));
  }

  private static String packed(Field field) {
    String below = " & 0x%x".formatted((1L << field.id()) - 1);
    return PACKED_FIELD.formatted(
        field.name(),
        field.id(),
        field.size() * Byte.SIZE,
        field.slot(),
        line(field),
        field.size() == 2 ? 0 : 1,
        field.size() == 4 ? 0 : 1,
        COUNT.formatted(below).indent(4).stripTrailing());
  }

  /** What printf is given: time, device, the packet's address, and the value in its format. */
  private static String line(Field field) {
    return "\"%%s %%-15s %%p %s=%s\\n\", strftime(\"%%H:%%M:%%S.%%f\", nsecs), $skb->dev->name, $skb, %s"
        .formatted(field.name(), pattern(field), values(field));
  }

  private static String pattern(Field field) {
    return switch (field.spec().format()) {
      case DEC -> "%llu";
      case HEX -> "0x%0" + 2 * field.size() + "llx";
      case IPV4 -> "%d.%d.%d.%d";
      case MAC -> "%02x:%02x:%02x:%02x:%02x:%02x";
      case NS -> "%llu ns";
      case BOOL -> "%s";
    };
  }

  private static String values(Field field) {
    return switch (field.spec().format()) {
      case DEC, HEX, NS -> "$value";
      case IPV4 -> bytes(4);
      case MAC -> bytes(6);
      case BOOL -> "$value ? \"true\" : \"false\"";
    };
  }

  /** The low {@code count} bytes, the most significant first. */
  private static String bytes(int count) {
    StringBuilder bytes = new StringBuilder();
    for (int i = count - 1; i >= 0; i--) {
      bytes.append("($value >> %d) & 0xff%s".formatted(i * Byte.SIZE, i == 0 ? "" : ", "));
    }
    return bytes.toString();
  }
}
