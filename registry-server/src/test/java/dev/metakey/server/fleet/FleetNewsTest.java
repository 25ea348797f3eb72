package dev.metakey.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.metakey.fleet.v1.Known;
import dev.metakey.fleet.v1.Name;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetEventKind;
import org.junit.jupiter.api.Test;

/** What is told of the fleet, by what a host knew before and knows now. */
class FleetNewsTest {
  private static final Name HOP =
      Name.newBuilder()
          .setSpec(Named.spec(FieldSpec.of("edge.hop", 4)))
          .setId(3)
          .setSlot(24)
          .setService("edge.service")
          .setHost("host-1")
          .build();
  private static final Known NOTHING = Known.getDefaultInstance();

  private static Known knowing(Name... names) {
    Known.Builder known = Known.newBuilder().setFleet("prod").setRegistryId("me");
    for (Name name : names) {
      known.addNames(name);
    }
    return known.build();
  }

  @Test
  void between_whenTheHostJoins_tellsThatAndEachName() {
    assertThat(FleetNews.between(NOTHING, knowing(HOP)))
        .containsExactly(
            new FleetNews(FleetEventKind.FLEET_JOINED, "", -1, 0, "", "", "the fleet prod"),
            new FleetNews(
                FleetEventKind.FLEET_PLACED, "edge.hop", 3, 24, "edge.service", "host-1", ""));
  }

  @Test
  void between_whenNothingIsNew_tellsNothing() {
    Known known = knowing(HOP).toBuilder().setObstacle("no").addFaults("fault").build();
    assertThat(FleetNews.between(known, known.toBuilder().setRevision(9).build())).isEmpty();
  }

  @Test
  void between_tellsNamesThatAreRetiredMovedAndBack() {
    Name retired = HOP.toBuilder().setRetiredAtMs(7).build();
    Name moved = HOP.toBuilder().setId(9).setSlot(32).build();

    assertThat(FleetNews.between(knowing(HOP), knowing(retired)))
        .extracting(FleetNews::kind, FleetNews::name)
        .containsExactly(tuple(FleetEventKind.FLEET_RETIRED, "edge.hop"));
    assertThat(FleetNews.between(knowing(retired), knowing(HOP)))
        .extracting(FleetNews::kind, FleetNews::text)
        .containsExactly(tuple(FleetEventKind.FLEET_PLACED, ""));
    assertThat(FleetNews.between(knowing(HOP), knowing(moved)))
        .extracting(FleetNews::kind, FleetNews::id, FleetNews::text)
        .containsExactly(tuple(FleetEventKind.FLEET_PLACED, 9, "was id 3 in slot 24"));
    assertThat(FleetNews.between(knowing(), knowing(retired))).isEmpty();
  }

  @Test
  void between_tellsWhatIsWrongOnce() {
    Known wrong =
        knowing().toBuilder().setObstacle("another layout").addFaults("etcd says no").build();

    assertThat(FleetNews.between(knowing(), wrong))
        .extracting(FleetNews::kind, FleetNews::text)
        .containsExactly(
            tuple(FleetEventKind.FLEET_REFUSED, "another layout"),
            tuple(FleetEventKind.FLEET_CONTRADICTED, "etcd says no"));
    assertThat(FleetNews.between(wrong, knowing())).isEmpty();
  }
}
