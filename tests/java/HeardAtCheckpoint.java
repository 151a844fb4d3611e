package fraudctl.kernel;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.EventType;
import fraudctl.kernel.event.InChain;
import fraudctl.kernel.order.StampOperator;
import fraudctl.kernel.plan.JobPython;
import fraudctl.kernel.plan.Rules;
import fraudctl.kernel.wire.Record;
import fraudctl.kernel.wire.RefusedRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.source.legacy.SourceFunction;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A payment, another activation, a checkpoint and the same payment again, through decoding in a Flink of its own:
 * {@code HeardAtCheckpoint FILE}. Between the two payments nothing makes a watermark, so it is the checkpoint alone
 * by which decoding can come to know of the activation.
 *
 * <p>The file is a JSON object: {@code bootstrap} and {@code topic} of the activations, {@code settings} of the job,
 * the second {@code activation} and the {@code payment} as texts. One line of JSON: of each payment the fields that
 * were read beside those that every payment has.
 */
public final class HeardAtCheckpoint {
    private static final List<List<Object>> READ = new ArrayList<>();

    private HeardAtCheckpoint() {}

    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        JsonNode told = mapper.readTree(Files.readString(Path.of(arguments[0])));
        StreamExecutionEnvironment flink = StreamExecutionEnvironment.createLocalEnvironment(1, settings());
        Rules rules = Rules.onTopic(told.get("settings").toString(), "null", told.get("bootstrap").asText(),
                told.get("topic").asText(), new Properties(), JobPython.of(flink));
        OutputTag<RefusedRecord> refusals = new OutputTag<>("refusals", TypeInformation.of(RefusedRecord.class));
        flink.addSource(new Payments(told.toString()), "payments", new InChain<>(Record.class))
                .transform("stamp", new EventType(), new StampOperator(rules, null, false, 0, refusals))
                .transform("look", new InChain<>(Event.class), new Look())
                .sinkTo(new DiscardingSink<>());
        flink.execute();
        System.out.println(mapper.writeValueAsString(READ));
    }

    private static Configuration settings() {
        Configuration settings = new Configuration();
        settings.setString("jobmanager.bind-host", "127.0.0.1");
        settings.setString("taskmanager.bind-host", "127.0.0.1");
        settings.setString("rest.bind-address", "127.0.0.1");
        settings.setString("execution.checkpointing.interval", "20 ms");
        settings.setString("restart-strategy.type", "disable");
        settings.setString("pipeline.object-reuse", "true");
        // Records of activations are as sound as the test has made them.
        settings.setString("python.execution-mode", "process");
        return settings;
    }

    private static final class Payments implements SourceFunction<Record>, CheckpointedFunction, CheckpointListener {
        private static final long serialVersionUID = 1L;
        private static final CountDownLatch HEARD = new CountDownLatch(1);
        private static volatile boolean isActivated;
        /** The first checkpoint after the activation. */
        private static volatile long awaited = Long.MAX_VALUE;

        private final String told;

        Payments(String told) {
            this.told = told;
        }

        @Override
        public void run(SourceContext<Record> context) throws Exception {
            JsonNode what = new ObjectMapper().readTree(told);
            collect(context, 0, what.get("payment").asText());
            activate(what);
            isActivated = true;
            HEARD.await();
            collect(context, 1, what.get("payment").asText());
        }

        private static void collect(SourceContext<Record> context, long offset, String payment) {
            Record record = new Record();
            record.offset = offset;
            record.value = payment.getBytes(StandardCharsets.UTF_8);
            synchronized (context.getCheckpointLock()) {
                context.collect(record);
            }
        }

        private static void activate(JsonNode what) throws Exception {
            Properties properties = new Properties();
            properties.setProperty("bootstrap.servers", what.get("bootstrap").asText());
            byte[] value = what.get("activation").asText().getBytes(StandardCharsets.UTF_8);
            try (KafkaProducer<byte[], byte[]> producer =
                    new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
                producer.send(new ProducerRecord<>(what.get("topic").asText(), 0, null, value)).get();
            }
        }

        @Override
        public void cancel() {
            HEARD.countDown();
        }

        @Override
        public void initializeState(FunctionInitializationContext context) {
            // Nothing is kept: the job runs once.
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) {
            if (isActivated && awaited == Long.MAX_VALUE) {
                awaited = context.getCheckpointId();
            }
        }

        @Override
        public void notifyCheckpointComplete(long checkpoint) {
            if (checkpoint >= awaited) {
                HEARD.countDown();
            }
        }
    }

    private static final class Look extends AbstractStreamOperator<Event>
            implements OneInputStreamOperator<Event, Event> {
        private static final long serialVersionUID = 1L;

        @Override
        public void processElement(StreamRecord<Event> element) {
            READ.add(Arrays.stream(element.getValue().slots).filter(Objects::nonNull).toList());
        }
    }
}
