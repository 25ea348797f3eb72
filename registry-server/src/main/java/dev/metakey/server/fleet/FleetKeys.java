package dev.metakey.server.fleet;

import dev.metakey.fleet.v1.Name;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Which key holds what; docs/formats.md lists them. */
record FleetKeys(String prefix) {
  static FleetKeys of(String fleet) {
    return new FleetKeys("/metakey/v1/" + fleet + "/");
  }

  String facts() {
    return prefix + "facts";
  }

  String names() {
    return prefix + "names/";
  }

  String name(String name) {
    return names() + name;
  }

  String id(int id) {
    return "%sids/%02d".formatted(prefix, id);
  }

  /** One key for each two bytes of a slot, so that slots which overlap have a key in common. */
  List<String> slot(int slot, int size) {
    List<String> keys = new ArrayList<>();
    for (int at = slot; slot > 0 && at > slot - size; at -= 2) {
      keys.add(String.format(Locale.ROOT, "%sslots/%03d", prefix, at));
    }
    return keys;
  }

  /** The keys of a name's id and slot. */
  List<String> places(Name name) {
    List<String> keys = slot(name.getSlot(), name.getSpec().getSize());
    keys.add(id(name.getId()));
    return keys;
  }

  String ids() {
    return prefix + "ids/";
  }

  String slots() {
    return prefix + "slots/";
  }

  /** A key without what all have in common, as it may stand in a message. */
  String shortly(String key) {
    return printable(key.substring(prefix.length()));
  }

  static String printable(String key) {
    String line = key.replaceAll("[^A-Za-z0-9_./-]", "?");
    return line.length() > 80 ? line.substring(0, 80) + "..." : line;
  }

  String hosts() {
    return prefix + "hosts/";
  }

  String host(String registryId) {
    return hosts() + registryId;
  }

  /** Who holds what. */
  String holds() {
    return prefix + "holds/";
  }

  /** Who holds a name. */
  String holds(String name) {
    return prefix + "holds/" + name + "/";
  }

  String hold(String name, String registryId) {
    return holds(name) + registryId;
  }
}
