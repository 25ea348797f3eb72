package dev.metakey.server.fleet;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.metakey.fleet.v1.Facts;
import dev.metakey.fleet.v1.Hold;
import dev.metakey.fleet.v1.Host;
import dev.metakey.fleet.v1.Name;
import dev.metakey.fleet.v1.Place;
import dev.metakey.model.FleetHost;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import dev.metakey.server.fleet.FleetStore.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What admins ask of a fleet. */
final class FleetVerbs {
  private final FleetStore store;
  private final Membership membership;

  FleetVerbs(FleetStore store, Membership membership) {
    this.store = store;
    this.membership = membership;
  }

  List<FleetHost> hosts() throws FleetException {
    String below = membership.keys().hosts();
    List<FleetHost> hosts = new ArrayList<>();
    for (Entry entry : store.read(List.of(below)).entries().values()) {
      Host host = HostKey.hostOf(entry);
      String id = entry.key().substring(below.length());
      hosts.add(
          new FleetHost(
              Names.printable(host.getName()),
              Names.printable(id),
              Names.printable(host.getVersion()),
              Math.max(0, host.getSinceMs())));
    }
    return hosts;
  }

  int forget(String who) throws FleetException {
    List<FleetHost> found =
        hosts().stream()
            .filter(host -> host.registryId().equals(who) || host.name().equals(who))
            .toList();
    if (found.size() == 1) {
      requireOther(found.get(0));
      membership.refresh(); // it may hold what this host has not heard of yet
      FleetView view = membership.current();
      String id = found.get(0).registryId();
      boolean unused = store.commit(membership.moves().forget(id, view.names().keySet()));
      for (Named named : view.names().values()) {
        if (named.revision() > 0 && !named.field().retired()) {
          unused = store.commit(membership.moves().retire(named, System.currentTimeMillis()));
        }
      }
      membership.refresh();
    }
    return found.size();
  }

  private void requireOther(FleetHost host) {
    if (host.registryId().equals(membership.moves().registryId())) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s is this host, which would be there again at once; to have it leave the fleet, take the section 'fleet' out of its config, restart metakeyd, and forget it on another host"
              .formatted(Names.quote(host.name())),
          Map.of("host", host.registryId()));
    }
  }

  String export() throws FleetException {
    StringBuilder json = new StringBuilder("{");
    String separator = "\n";
    String prefix = membership.keys().prefix();
    for (Entry entry : store.read(List.of(prefix)).entries().values()) {
      String key = entry.key().substring(prefix.length());
      json.append(separator).append(quoted(key)).append(": ").append(json(key, entry));
      separator = ",\n";
    }
    return json.append("\n}\n").toString();
  }

  private static String quoted(String text) {
    return '"' + text.replaceAll("[^A-Za-z0-9_./-]", "?") + '"';
  }

  private static String json(String key, Entry entry) {
    int end = key.indexOf('/');
    @Nullable Message kind =
        switch (end < 0 ? key : key.substring(0, end)) {
          case "facts" -> Facts.getDefaultInstance();
          case "names" -> Name.getDefaultInstance();
          case "ids", "slots" -> Place.getDefaultInstance();
          case "hosts" -> Host.getDefaultInstance();
          case "holds" -> Hold.getDefaultInstance();
          default -> null;
        };
    if (kind == null) {
      return "null";
    }
    try {
      Message value = kind.getParserForType().parseFrom(Objects.requireNonNull(entry.value()));
      return JsonFormat.printer().omittingInsignificantWhitespace().print(value);
    } catch (InvalidProtocolBufferException e) {
      return "null";
    }
  }
}
