package fraudctl.kernel;

import fraudctl.kernel.decision.BatchOperator;
import fraudctl.kernel.decision.DecisionForm;
import fraudctl.kernel.decision.DecisionWriting;
import fraudctl.kernel.decision.Decisions;
import fraudctl.kernel.decision.EndMarks;
import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.EventType;
import fraudctl.kernel.event.InChain;
import fraudctl.kernel.event.Slots;
import fraudctl.kernel.hop.HopKey;
import fraudctl.kernel.hop.HopOperator;
import fraudctl.kernel.order.EmitFrom;
import fraudctl.kernel.order.Forgotten;
import fraudctl.kernel.order.OrderOperator;
import fraudctl.kernel.order.StampOperator;
import fraudctl.kernel.plan.JobPython;
import fraudctl.kernel.plan.Rules;
import fraudctl.kernel.schema.Framed;
import fraudctl.kernel.source.EndOffsets;
import fraudctl.kernel.source.NoReset;
import fraudctl.kernel.source.RecordReading;
import fraudctl.kernel.source.TransactionSource;
import fraudctl.kernel.wire.Record;
import fraudctl.kernel.wire.RefusalWriting;
import fraudctl.kernel.wire.RefusedRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.kafka.common.TopicPartition;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.OutputTag;

/** The JVM's share of the job's wiring; {@code pipeline/job.py} puts the scoring in between. */
public final class Wiring {
    private static final TypeInformation<byte[]> BYTES = PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;

    private static final int BUFFER_BYTES = 32 << 20;
    /** How long a record may wait for others between two tasks; {@code job_settings.py} has the same. */
    private static final long WAIT_MS = 2;

    private final StreamExecutionEnvironment environment;
    private final JsonNode config;
    private final Rules rules;
    private final int parallelism;

    /**
     * @param config the job configuration as JSON, as {@code pipeline/job.py} reads it
     * @param plan the plan of a rule set that does not change as JSON; null when the topic of activations says
     * @param announcement what Python is told of that rule set
     */
    public Wiring(StreamExecutionEnvironment environment, String config, String plan, String announcement)
            throws IOException {
        this.environment = environment;
        this.config = new ObjectMapper().readTree(config);
        this.rules = plan == null
                ? Rules.onTopic(this.config.get("settings").toString(), this.config.required("trust").toString(),
                        this.config.get("bootstrap").asText(), topic("rules"), properties(),
                        JobPython.of(environment))
                : Rules.fixed(plan, announcement.getBytes(StandardCharsets.UTF_8));
        this.parallelism = environment.getParallelism();
    }

    /** Transactions from Kafka, decoded, ordered, with their features, in batches for Python. */
    public DataStream<byte[]> features() {
        OutputTag<RefusedRecord> refusals =
                new OutputTag<>("refusals", TypeInformation.of(RefusedRecord.class));
        SingleOutputStreamOperator<Event> events = environment
                .fromSource(source(), WatermarkStrategy.noWatermarks(), "transactions", new InChain<>(Record.class))
                .uid("transactions").setBufferTimeout(WAIT_MS)
                .transform("decode and stamp", new EventType(),
                        new StampOperator(rules, registry(), byAppendTime(), idleAfterMs(), refusals))
                .uid("decode-and-stamp").setBufferTimeout(WAIT_MS);
        events.getSideOutput(refusals)
                .sinkTo(sink(refusalWriting()))
                .name("refusals").uid("refusals");
        JsonNode hops = config.get("hops");
        for (JsonNode hop : hops) {
            String key = hop.asText();
            String name = "features by " + key;
            events = keyed(events, new HopKey(key))
                    .transform(name, new EventType(), new HopOperator(rules, key, isBounded(), lastMs(),
                            config.path("hot_keys").asInt()))
                    .name(name).uid("features-by-" + key).setBufferTimeout(WAIT_MS);
        }
        SingleOutputStreamOperator<Event> ordered = keyed(events, new HopKey(Slots.USER))
                .transform("order", new EventType(), new OrderOperator(new HopKey(Slots.USER)))
                .name("order").uid("order").setBufferTimeout(WAIT_MS);
        if (config.path("emit_from").isObject()) {
            ordered = ordered.filter(new EmitFrom(config.get("emit_from"))).name("emit").uid("emit")
                    .setBufferTimeout(WAIT_MS);
        }
        if (config.path("forgotten").path("users").size() > 0) {
            ordered = ordered.filter(new Forgotten(config.get("forgotten"))).name("forgotten").uid("forgotten")
                    .setBufferTimeout(WAIT_MS);
        }
        return ordered
                .transform("batch", BYTES, new BatchOperator(rules, topic("transactions"))).uid("batch")
                // A batch has gathered what there was; a thread that looks every other millisecond is not needed.
                .setBufferTimeout(0);
    }

    /** Scored batches to the decisions topic. */
    public void decisions(DataStream<byte[]> scored) {
        write(scored, "lines", "decisions", false);
        if (config.get("topics").has("shadow")) {
            write(scored, "shadow-lines", "shadow", true);
        }
    }

    private void write(DataStream<byte[]> scored, String lines, String name, boolean isShadow) {
        InChain<Decisions.Decision> type = new InChain<>(Decisions.Decision.class);
        SingleOutputStreamOperator<Decisions.Decision> found = scored.flatMap(new Decisions(isShadow))
                .returns(type).name(lines).uid(lines).setBufferTimeout(WAIT_MS);
        int marked = config.path("end_marks").asInt();
        if (marked > 0 && !isShadow) {
            found = found.transform("end", type, new EndMarks(marked)).uid("end").setBufferTimeout(WAIT_MS);
        }
        found.sinkTo(sink(decisionWriting(name)))
                .name(name).uid(name);
    }

    private RefusalWriting refusalWriting() {
        return new RefusalWriting(topic("transactions"), topic("refusals"));
    }

    private DecisionWriting decisionWriting(String name) {
        byte[] frame = config.path("decision_schema").isInt()
                ? Framed.frame(config.get("decision_schema").asInt()) : new byte[0];
        DecisionForm form = DecisionForm.named(config.path("decision_form").asText("json"));
        return new DecisionWriting(topic(name), config.get("run").asLong(), largestRecord(), frame, form,
                refusalWriting());
    }

    /** What the topics take; Kafka's own limit of a producer is 1 MiB, and a decision can be larger. */
    private int largestRecord() {
        return config.get("max_message_bytes").asInt();
    }

    /** One subtask owns every key, so it needs no shuffle between hops and they run in one chain. */
    private KeyedStream<Event, String> keyed(DataStream<Event> events, KeySelector<Event, String> key) {
        return parallelism == 1
                ? DataStreamUtils.reinterpretAsKeyedStream(events, key, Types.STRING)
                : events.keyBy(key, Types.STRING);
    }

    private boolean byAppendTime() {
        return config.get("time").asText().equals("append");
    }

    private boolean isBounded() {
        return config.get("bounded").asBoolean();
    }

    /** No position is ahead of its append time, and what is appended from now on the job will not read. */
    private long lastMs() {
        return byAppendTime() && isBounded() ? System.currentTimeMillis() : Long.MAX_VALUE;
    }

    /** Only a live topic can be silent: a bounded one ends, and past data is closed. */
    private long idleAfterMs() {
        return byAppendTime() && !isBounded() ? config.get("idle_after_ms").asLong() : 0;
    }

    private String topic(String name) {
        return config.get("topics").get(name).asText();
    }

    private TransactionSource source() {
        Properties properties = properties();
        properties.setProperty("bootstrap.servers", config.get("bootstrap").asText());
        properties.setProperty("group.id", config.get("group").asText());
        properties.setProperty("commit.offsets.on.checkpoint", "true");
        KafkaSourceBuilder<Record> source = KafkaSource.<Record>builder()
                .setTopics(topic("transactions"))
                .setStartingOffsets(new NoReset(start()))
                .setDeserializer(new RecordReading())
                .setProperties(properties);
        if (isBounded()) {
            source.setBounded(new EndOffsets());
        }
        return new TransactionSource(source.build(), properties);
    }

    private OffsetsInitializer start() {
        JsonNode start = config.get("start");
        if (start.isTextual()) {
            return start.asText().equals("latest") ? OffsetsInitializer.latest() : OffsetsInitializer.earliest();
        }
        Map<TopicPartition, Long> offsets = new HashMap<>();
        start.properties().forEach(entry -> offsets.put(
                new TopicPartition(topic("transactions"), Integer.parseInt(entry.getKey())), entry.getValue().asLong()));
        return OffsetsInitializer.offsets(offsets);
    }

    private <T> KafkaSink<T> sink(KafkaRecordSerializationSchema<T> form) {
        Properties properties = properties();
        properties.putIfAbsent("linger.ms", "8");
        properties.putIfAbsent("batch.size", "131072");
        properties.putIfAbsent("compression.type", "lz4");
        properties.putIfAbsent("acks", "all");
        properties.putIfAbsent("max.request.size", Integer.toString(largestRecord()));
        properties.putIfAbsent("buffer.memory", Integer.toString(Math.max(BUFFER_BYTES, 2 * largestRecord())));
        return KafkaSink.<T>builder()
                .setBootstrapServers(config.get("bootstrap").asText())
                .setKafkaProducerConfig(properties)
                .setRecordSerializer(form)
                .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
                .build();
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.putAll(texts("kafka_properties"));
        return properties;
    }

    /** Null where no registry is named. */
    private HashMap<String, String> registry() {
        HashMap<String, String> told = texts("schema_registry");
        return told.isEmpty() ? null : told;
    }

    private HashMap<String, String> texts(String name) {
        HashMap<String, String> found = new HashMap<>();
        config.path(name).properties().forEach(entry -> found.put(entry.getKey(), entry.getValue().asText()));
        return found;
    }
}
